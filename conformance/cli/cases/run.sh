# shellcheck shell=bash disable=SC2016,SC2069,SC2154,SC2238
# docker run: how it ends, and what its options do inside.

case_exit_codes() {
    t run --rm busybox true
    t run --rm busybox sh -c 'exit 3'
    t run --rm busybox sh -c 'kill -9 $$'
    t run --rm --init busybox sh -c 'kill -15 $$'
}

case_exit_code_125_is_the_engines() {
    fails run --rm --cap-add NONSENSE busybox true
    fails run --rm --memory 1k busybox true
    fails run --rm -v relative/path/x:y busybox true
    fails docker run --rm --network container:nobody busybox true
    t docker ps -aq
}

case_exit_code_126_cannot_be_executed() {
    says 'permission denied' run --rm busybox /etc/passwd
    says 'permission denied' run --rm busybox /etc
}

case_exit_code_127_not_found() {
    says 'not found' run --rm busybox nosuchcommand
    says 'no such file or directory' run --rm busybox /no/such/file
    fails run --name kept busybox nosuchcommand
    t docker ps -a --format '{{.Names}} {{.Status}}'
    t docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' kept
}

case_standard_streams() {
    run --rm busybox sh -c 'echo out; echo err >&2' 2>/dev/null
    run --rm busybox sh -c 'echo out; echo err >&2' 2>&1 >/dev/null
    echo 'one two' | t run --rm -i busybox cat
    echo 'one two' | t run --rm -i busybox wc -c
    echo 'not read' | t run --rm -i busybox true
    t run --rm -i busybox cat </dev/null
    t run --rm -a stdout busybox sh -c 'echo out; echo err >&2'
    t run --rm -a stderr busybox sh -c 'echo out; echo err >&2'
}

case_large_streams() {
    head -c 3000000 /dev/zero | run --rm -i busybox cat | wc -c
    run --rm busybox sh -c 'head -c 5000000 /dev/zero' | md5sum
}

case_environment() {
    printf 'FROM_FILE=yes\n# comment\nHOST_ONE\nEMPTY=\n' >env
    HOST_ONE=host t run --rm --env-file env -e A=1 -e B='x y' -e HOST_ONE -e PATH=/bin busybox sh -c 'env | sort'
    t run --rm --hostname named -e TERM busybox sh -c 'echo $HOSTNAME $HOME'
    t run --rm -t busybox sh -c 'echo $TERM'
}

case_cidfile() {
    q run -d --cidfile id --name one busybox sleep 60
    [ "$(cat id)" = "$(docker inspect --format '{{.Id}}' one)" ] && echo same
    says 'container ID file found' run --cidfile id busybox true
}

case_user_and_directory() {
    t run --rm busybox id
    t run --rm --user user busybox id
    t run --rm --user 1000 busybox id
    t run --rm --user 5:6 busybox id
    t run --rm --user 1000 --group-add 99 busybox id -G
    fails run --rm --user nobodyknows busybox id
    t run --rm --workdir /new/place busybox pwd
    t run --rm -w /tmp busybox pwd
}

case_entrypoint() {
    t run --rm --entrypoint echo busybox a b
    t run --rm --entrypoint /bin/sh busybox -c 'echo $0'
    q run --name ee --entrypoint echo busybox a
    t docker inspect --format '{{json .Config.Entrypoint}} {{json .Config.Cmd}} {{.Path}} {{json .Args}}' ee
}

case_labels() {
    printf 'c=d\n' >labels
    q run -d --name ll --label a=b --label-file labels --label empty busybox sleep 60
    t docker inspect --format '{{json .Config.Labels}}' ll
    t docker ps --filter label=a=b --format '{{.Names}} {{.Label "c"}}'
    t docker ps --filter label=a=x --format '{{.Names}}'
}

case_read_only_and_tmpfs() {
    t run --rm --read-only busybox touch /x
    t run --rm --read-only --tmpfs /scratch busybox touch /scratch/x
    run --rm --tmpfs /scratch:size=1m,mode=700 busybox grep /scratch /proc/mounts | sed 's/,inode64//; s/,seclabel//'
    run --rm --mount type=tmpfs,dst=/m,tmpfs-size=65536,tmpfs-mode=1770 busybox stat -c %a /m
}

case_mounts() {
    mkdir host && echo text >host/file
    t run --rm -v "$PWD/host:/data" busybox cat /data/file
    t run --rm -v "$PWD/host:/data:ro" busybox touch /data/x
    t run --rm --mount "type=bind,src=$PWD/host,dst=/data,readonly" busybox touch /data/x
    fails run --rm --mount "type=bind,src=$PWD/nothere,dst=/data" busybox true
    q run --rm -v "$PWD/made:/data" busybox touch /data/x
    ls made
    q run --rm -v vol:/data busybox sh -c 'echo kept >/data/f'
    t run --rm -v vol:/data busybox cat /data/f
    t docker volume ls
    q run --name mm -v "$PWD/host:/h:ro" -v vol:/v -v /anon --tmpfs /t busybox true
    t docker inspect --format '{{range .Mounts}}{{.Type}} {{.Destination}} {{.Mode}} {{.RW}} {{.Propagation}}{{println}}{{end}}' mm | sort
    # In the order of a map of the client's.
    docker inspect --format '{{range .HostConfig.Binds}}{{println .}}{{end}}' mm | sed '/^$/d' | sort
    t docker inspect --format '{{json .HostConfig.Tmpfs}}' mm
    t run --rm --volumes-from mm busybox cat /h/file /v/f
}

case_limits_of_processes() {
    t run --rm --ulimit nofile=100:200 busybox sh -c 'ulimit -n; ulimit -Hn'
    t run --rm --ulimit core=0 busybox sh -c 'ulimit -c'
    fails run --rm --ulimit nonsense=1 busybox true
    t run --rm --pids-limit 50 busybox true
}

case_limits_of_memory() {
    q run -d --name mm --memory 64m --memory-reservation 32m --cpu-shares 512 --cpus 0.5 --cpuset-cpus 0 --pids-limit 99 busybox sleep 60
    t docker inspect --format '{{with .HostConfig}}{{.Memory}} {{.MemoryReservation}} {{.MemorySwap}} {{.CpuShares}} {{.NanoCpus}} {{.CpusetCpus}} {{.PidsLimit}}{{end}}' mm
    t docker stats --no-stream --format '{{.Name}} {{.MemUsage}}' mm | sed 's/ [0-9.]*[KM]iB/ USED/'
    t docker update --memory 96m --memory-swap 200m --cpu-shares 100 mm
    t docker inspect --format '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.CpuShares}}' mm
}

case_init() {
    t run --rm --init busybox sh -c 'echo $$ | grep -v "^1$" >/dev/null && echo not the first'
    q run -d --name ii --init busybox sleep 60
    t docker inspect --format '{{.HostConfig.Init}}' ii
    t docker stop -t 5 ii
    t state ii
}

case_network_modes() {
    t run --rm busybox sh -c 'ls /sys/class/net'
    [ "$(docker run --rm --network host busybox hostname)" = "$(hostname)" ] && echo 'name of the host'
    q run -d --name one --hostname shared busybox sleep 60
    t docker run --rm --network container:one busybox hostname
    t docker inspect --format '{{.HostConfig.NetworkMode}} {{range $n, $_ := .NetworkSettings.Networks}}{{$n}}{{end}}' one
    fails docker run --rm --network container:one --hostname other busybox hostname
}

case_namespaces_of_others() {
    q run -d --name one busybox sleep 61
    t run --rm --pid container:one busybox sh -c 'ps | grep -c "sleep 61$"'
    t run --rm --uts host busybox sh -c '[ "$(hostname)" = "'"$(hostname)"'" ] && echo host'
    says 'non-shareable' run --rm --ipc container:one busybox true
    q run -d --name shares --ipc shareable busybox sleep 60
    t run --rm --ipc container:shares busybox true
}

case_privileges() {
    t run --rm busybox sh -c 'grep CapEff /proc/self/status'
    t run --rm --cap-drop ALL busybox sh -c 'grep CapEff /proc/self/status'
    t run --rm --cap-drop ALL --cap-add CHOWN busybox sh -c 'grep CapEff /proc/self/status'
    t run --rm --security-opt no-new-privileges busybox sh -c 'grep NoNewPrivs /proc/self/status'
    t run --rm --user user busybox sh -c 'grep CapEff /proc/self/status'
    t run --rm busybox sh -c 'grep Seccomp: /proc/self/status'
    t run --rm --security-opt seccomp=unconfined busybox sh -c 'grep Seccomp: /proc/self/status'
    t run --rm busybox mknod /dev/x b 1 1
    t run --rm busybox mount -t tmpfs none /tmp
}

case_devices_and_masks() {
    # A link that crun makes and runc does not.
    run --rm busybox ls /dev | grep -vx core
    t run --rm --device /dev/null:/dev/other busybox ls -l /dev/other | sed 's/ [A-Z][a-z][a-z] .*//'
    t run --rm busybox sh -c 'cat /proc/kcore 2>&1 | wc -c'
    t run --rm busybox sh -c 'echo 1 >/proc/sys/kernel/domainname'
    t run --rm busybox sh -c 'df /dev/shm | tail -n 1 | tr -s " " | cut -d" " -f2,6'
    t run --rm --shm-size 1m busybox sh -c 'df /dev/shm | tail -n 1 | tr -s " " | cut -d" " -f2,6'
}

case_hosts_and_names() {
    t run --rm --hostname me --add-host other:10.1.2.3 busybox sh -c 'tail -n 1 /etc/hosts | tr "\t" " "; cat /etc/hostname; hostname'
    t run --rm --dns 9.9.9.9 --dns-search example.org --dns-option ndots:2 busybox sort /etc/resolv.conf
    t run --rm --sysctl net.ipv4.ip_forward=1 busybox cat /proc/sys/net/ipv4/ip_forward
}

case_remove_afterwards() {
    q run --rm --name gone -v /anon busybox true
    t docker ps -aq
    t docker volume ls -q
    q run -d --rm --name gone busybox sleep 60
    t docker stop -t 0 gone
    within 10 eval '[ -z "$(docker ps -aq)" ]'
    t docker ps -aq
}

case_names() {
    q run -d --name taken busybox sleep 60
    says 'already in use' run --name taken busybox true
    says 'Invalid container name' run --name 'not valid' busybox true
    t docker rename taken other
    t docker ps --format '{{.Names}}'
    q docker create --name second busybox true
    says 'already in use' docker rename second other
}

case_unknown_image() {
    says 'invalid reference format' run 'UPPER' true
    fails docker run --pull never nosuchimage true
    fails docker create --pull never nosuchimage
}

case_restart_policies() {
    q run --name never busybox sh -c 'exit 1'
    q run -d --name failing --restart on-failure:2 busybox sh -c 'exit 4'
    within 20 is failing exited
    t docker inspect --format '{{.RestartCount}} {{.State.ExitCode}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' failing
    q run -d --name always --restart always busybox sh -c 'sleep 0.1'
    within 20 eval '[ "$(docker inspect --format "{{.RestartCount}}" always)" -ge 2 ]'
    t docker stop always
    t docker inspect --format '{{.State.Status}}' always
    fails run -d --rm --restart always busybox true
    fails run -d --restart sometimes busybox true
    t docker update --restart unless-stopped never
    t docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' never
}

case_detached() {
    run -d --name dd busybox sh -c 'echo started; sleep 60' | grep -cE '^[0-9a-f]{64}$'
    within 10 logged dd started
    t docker ps --format '{{.Names}} {{.Command}} {{.Status}}'
    fails run -d busybox nosuchcommand
}
