# shellcheck shell=bash disable=SC2016,SC2069,SC2154,SC2238
# ps, images, volumes, inspect, events, stats, system.

three() {
    start_polite one --label a=1
    q run --name two --label a=2 busybox sh -c 'exit 3'
    q docker create --name three --network none busybox true
}

case_ps() {
    three
    docker ps
    docker ps -a
    t docker ps -aq --no-trunc
    docker ps -n 2 --format '{{.Names}}'
    docker ps -l --format '{{.Names}}'
    docker ps -a --format 'table {{.Names}}\t{{.State}}\t{{.Status}}'
    docker ps -a --format '{{.Names}} {{.Image}} {{.Command}} {{.Ports}} {{.Networks}} {{.LocalVolumes}} {{.Mounts}} {{.Labels}}'
    docker ps -as --format '{{.Names}} {{.Size}}' | sed 's/[0-9.]*[kM]B/SIZE/g'
    docker ps --no-trunc --format '{{.Command}}'
}

case_ps_as_json() {
    start_polite one --label a=1
    docker ps --format '{{json .}}' | python3 -c 'import json, sys
d = json.load(sys.stdin)
for k in sorted(d):
    if k not in ("CreatedAt", "ID", "RunningFor", "Size", "Platform"): print(k, d[k])'
}

case_ps_filters() {
    three
    for filter in status=running status=exited status=created status=paused name=t name='^/two$' id=ffff label=a label=a=2 exited=3 exited=0 ancestor=busybox ancestor=nosuch before=two since=two network=none network=host volume=nosuch is-task=false health=none; do
        echo "$filter: $(docker ps -a --filter "$filter" --format '{{.Names}}' | sort | tr '\n' ' ')"
    done
    echo "two: $(docker ps -a --filter status=exited --filter status=created --format '{{.Names}}' | sort | tr '\n' ' ')"
    fails docker ps --filter nonsense=1
    fails docker ps --filter status=nonsense
    fails docker ps -a --filter before=nobody
}

case_images() {
    q docker tag busybox team/app:1
    q docker tag busybox team/app:2
    q run --name cc busybox touch /x
    q docker commit --change 'LABEL kind=test' cc labelled
    docker images | sort
    docker images team/app --format '{{.Repository}}:{{.Tag}}' | sort
    for filter in reference='team/*' reference='busy*' label=kind label=kind=test label=kind=no dangling=true before=labelled since=busybox; do
        echo "$filter: $(docker images --filter "$filter" --format '{{.Repository}}:{{.Tag}}' | sort | tr '\n' ' ')"
    done
    fails docker images --filter nonsense=1
    docker images -q | sort -u | wc -l
    docker images --no-trunc --format '{{.ID}}' busybox
    docker images --digests --format '{{.Digest}}' busybox
}

case_images_prune() {
    q run --name cc busybox touch /x
    q docker commit cc tagged
    q docker commit cc
    docker images -f dangling=true --format '{{.Repository}}:{{.Tag}}'
    docker image prune -f | sed -n 1,2p
    docker images --format '{{.Repository}}:{{.Tag}}'
    q docker rm cc
    docker image prune -af --filter label=nosuch | head -n 1
    docker image prune -af | grep '^untagged' | sort
}

case_volumes() {
    t docker volume create v1
    t docker volume create --label a=b v2
    t docker volume create v1
    t docker volume ls
    t docker volume ls -q --filter label=a
    t docker volume ls -q --filter name=v1
    t docker volume ls -q --filter dangling=true
    t docker volume inspect --format '{{.Name}} {{.Driver}} {{.Scope}} {{json .Labels}} {{json .Options}}' v1 v2
    docker volume create | grep -cE '^[0-9a-f]{64}$'
    q run -d --name uu -v v1:/d busybox sleep 60
    says 'in use' docker volume rm v1
    t docker volume rm v2
    says 'no such volume' docker volume rm v2
    t docker volume rm -f v2
    says 'no such volume' docker volume inspect nosuch
    fails docker volume create 'not valid'
    fails docker volume create -d nosuchdriver x
    t docker volume ls --filter driver=local -q
    fails docker volume ls --filter nonsense=1
}

case_volume_prune() {
    q docker volume create named
    q run --name uu -v used:/d -v /anon busybox true
    q docker rm uu
    docker volume prune -f 2>&1 | sed -E 's/[0-9.]*B$/SIZE/; s/^[0-9a-f]{64}$/anonymous/' | sort
    docker volume ls -q
}

case_volume_content() {
    q run --name cc busybox sh -c 'mkdir /filled; echo text >/filled/f; chown 7:8 /filled'
    q docker commit cc withdata
    t run --rm -v fresh:/filled withdata sh -c 'cat /filled/f; stat -c "%u:%g" /filled'
    t run --rm -v fresh2:/filled:nocopy withdata ls /filled
    t run --rm -v fresh:/elsewhere busybox cat /elsewhere/f
}

case_inspect() {
    start_polite ii --label a=b -e X=y --hostname h -v /anon --memory 32m
    t docker inspect --format '{{.Name}} {{.Path}} {{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.Restarting}} {{.State.OOMKilled}} {{.State.Dead}} {{.State.ExitCode}} {{json .State.Error}}' ii
    t docker inspect --format '{{.Config.Image}} {{.Config.Hostname}} {{json .Config.Env}} {{.Config.Tty}} {{.Config.OpenStdin}} {{.Driver}} {{.Platform}} {{.MountLabel}}{{.ProcessLabel}}{{.AppArmorProfile}}' ii
    docker inspect --size --format '{{.SizeRw}} {{.SizeRootFs}}' ii | grep -cE '^[0-9]+ [0-9]+$'
    docker inspect ii | python3 -c 'import json, sys
d = json.load(sys.stdin)[0]
print(" ".join(sorted(d)))
for k in ("State", "Config"): print(k, " ".join(sorted(m for m in d[k] if not m.startswith("Quell"))))'
    says 'No such object' docker inspect nobody
    docker inspect busybox | python3 -c 'import json, sys
d = json.load(sys.stdin)[0]
print(" ".join(sorted(d)))'
    t docker inspect --type image --format '{{.Os}} {{.RootFS.Type}} {{len .RootFS.Layers}} {{json .RepoTags}}' busybox
}

case_host_configuration() {
    q docker create --name dd busybox true
    docker inspect dd | python3 -c 'import json, sys
d = json.load(sys.stdin)[0]["HostConfig"]
for k in sorted(d):
    # Those of paths differ from version to version; the kernel memory and the last four are gone from later ones.
    # What is unset is null to Docker and an empty list to its OpenAPI document, which Quell follows.
    if d[k] and k not in ("Runtime", "NetworkMode", "ConsoleSize", "CgroupnsMode", "MaskedPaths", "ReadonlyPaths", "KernelMemory", "KernelMemoryTCP", "CpuCount", "CpuPercent", "IOMaximumBandwidth", "IOMaximumIOps"): print(k, json.dumps(d[k], sort_keys=True))'
}

case_configuration() {
    q docker create --name dd -it --hostname h --entrypoint cat busybox x
    docker inspect dd | python3 -c 'import json, sys
d = json.load(sys.stdin)[0]
for k in sorted(d["Config"]):
    if d["Config"][k]: print(k, json.dumps(d["Config"][k]))
for k in sorted(d["State"]):
    if not k.startswith("Quell"): print(k, json.dumps(d["State"][k]))'
}

case_network_settings() {
    q run -d --name nn busybox sleep 60
    docker inspect nn | python3 -c 'import json, sys
d = json.load(sys.stdin)[0]["NetworkSettings"]
for k in sorted(d):
    # Docker has a namespace of its own for the network none, and names that later versions do not tell.
    if k not in ("Networks", "SandboxID", "SandboxKey", "SecondaryIPAddresses", "SecondaryIPv6Addresses"): print(k, json.dumps(d[k]))
print(" ".join(d["Networks"]))'
    t docker network ls --filter driver=host
    t docker network inspect --format '{{.Name}} {{.Driver}} {{.Scope}}' none host
    says 'not found' docker network inspect nosuch
    fails docker network rm host
}

case_events() {
    sleep 1.1; begin=$(date +%s); sleep 1.1
    q run --name ee busybox true
    q docker rm ee
    q docker volume create ev
    q docker volume rm ev
    sleep 1.1
    end=$(date +%s)
    docker events --since "$begin" --until "$end" --filter type=container --format '{{.Type}} {{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.image}} {{.Actor.Attributes.exitCode}}'
    docker events --since "$begin" --until "$end" --filter event=die --filter container=e --format '{{.Action}}'
    docker events --since "$begin" --until "$end" --filter type=volume --format '{{.Action}} {{.Actor.ID}}' | head -n 1
    docker events --since "$begin" --until "$end" --filter event=create --filter type=container | sed -E 's/^[^ ]+ //'
}

case_events_of_a_life() {
    docker events --filter type=container --format '{{.Action}} {{.Actor.Attributes.signal}}{{.Actor.Attributes.exitCode}}' >log & watcher=$!
    sleep 0.5
    start_polite ee
    q docker exec ee true
    q docker pause ee; q docker unpause ee
    q docker rename ee ff
    q docker update --cpu-shares 100 ff
    q docker kill -s HUP ff
    q docker stop ff
    q docker start ff
    q docker kill ff
    q docker rm ff
    within 10 grep -q destroy log
    kill $watcher
    cat log
}

case_stats() {
    start_polite ss
    docker stats --no-stream | sed -n 1p
    docker stats --no-stream --format '{{.Name}} {{.NetIO}} {{.PIDs}}' ss | sed 's/ [0-9]$/ FEW/'
    docker stats --no-stream --format '{{.CPUPerc}} {{.MemPerc}}' ss | grep -cE '^[0-9.]+% [0-9.]+%$'
    timeout 4 docker stats --format '{{.Name}}' ss | tr -d '\033' | grep -c ss | sed 's/[2-9]/several/'
    q docker stop ss
    docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' ss
    says 'No such container' docker stats --no-stream nobody
}

case_disk_usage() {
    three
    q docker volume create vol
    docker system df --format '{{.Type}} {{.TotalCount}} {{.Active}}'
    docker system df -v | grep -E '^(Images|Containers|Local|Build|REPO|CONTAINER|VOLUME)' | grep -v Build
}

case_system_prune() {
    three
    q docker volume create vol
    docker system prune -f 2>&1 | sed -n '/^Deleted/p'
    docker ps -a --format '{{.Names}}'
    docker volume ls -q
}

case_information() {
    docker info --format '{{.OSType}} {{.Architecture}} {{.Driver}} {{.LoggingDriver}} {{.CgroupDriver}} {{.Containers}}'
    docker version --format '{{.Server.Os}} {{.Server.Arch}}'
    fails docker plugin install x
}
