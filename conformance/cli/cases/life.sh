# shellcheck shell=bash disable=SC2016,SC2069,SC2154,SC2238
# Start, stop, kill, pause, restart, wait, update, rename, remove.

case_stop() {
    start_polite one
    t docker stop one
    t state one
    t docker logs one
    t docker stop one
    says 'No such container' docker stop nobody
}

case_stop_after_the_grace_period() {
    q run -d --name deaf busybox sleep 60
    t docker stop -t 1 deaf
    t state deaf
}

case_stop_signal() {
    q run -d --name ss --stop-signal USR1 --stop-timeout 5 busybox sh -c 'trap "echo got it; exit 7" USR1; echo ready; while :; do sleep 1 & wait $!; done'
    within 10 logged ss ready
    t docker inspect --format '{{.Config.StopSignal}} {{.Config.StopTimeout}}' ss
    t docker stop ss
    t state ss
    t docker logs ss
}

case_kill() {
    q run -d --name kk busybox sh -c 'trap "echo hup" HUP; echo ready; while :; do sleep 1 & wait $!; done'
    within 10 logged kk ready
    t docker kill -s HUP kk
    within 10 logged kk hup
    t docker inspect --format '{{.State.Running}}' kk
    t docker kill kk
    t docker inspect --format '{{.State.Running}} {{.State.ExitCode}}' kk
    says 'is not running' docker kill kk
    says 'No such container' docker kill nobody
    q docker start kk
    fails docker kill -s NOPE kk
    t docker kill -s 9 kk
}

case_pause() {
    start_polite pp
    t docker pause pp
    t docker ps --format '{{.Names}} {{.Status}}'
    t docker inspect --format '{{.State.Status}} {{.State.Paused}} {{.State.Running}}' pp
    says 'already paused' docker pause pp
    says 'is paused' docker exec pp true
    t docker unpause pp
    says 'is not paused' docker unpause pp
    t docker inspect --format '{{.State.Status}} {{.State.Paused}} {{.State.Running}}' pp
    q docker pause pp
    t docker stop pp
    t state pp
}

case_restart() {
    start_polite rr
    t docker restart -t 5 rr
    t docker inspect --format '{{.State.Running}} {{.RestartCount}}' rr
    within 10 eval '[ "$(docker logs rr | grep -c ready)" = 2 ]'
    t docker logs rr
    q docker stop rr
    t docker restart rr
    t docker inspect --format '{{.State.Running}}' rr
}

case_start() {
    t docker start nobody
    q docker create --name cc --network none busybox sh -c 'echo hello; exit 2'
    t docker start -a cc
    q docker create --name ii -i --network none busybox cat
    echo typed | t docker start -ai ii
    start_polite pp
    t docker start pp
    t docker start nobody pp
}

case_wait() {
    q run -d --name ww busybox sh -c 'sleep 0.3; exit 5'
    t docker wait ww
    t docker wait ww
    says 'No such container' docker wait nobody
    q run -d --name vv busybox sh -c 'sleep 0.3; exit 6'
    t docker wait ww vv
}

case_remove() {
    start_polite rr
    says 'force remove' docker rm rr
    t docker rm -f rr
    says 'No such container' docker rm rr
    q docker create --name cc -v /anon busybox true
    t docker volume ls -q
    t docker rm -v cc
    t docker volume ls -q
    q docker create --name aa busybox true; q docker create --name bb busybox true
    t docker rm aa nobody bb
    t docker ps -aq
}

case_update() {
    start_polite uu
    t docker update --pids-limit 77 --cpus 1.5 uu
    t docker inspect --format '{{.HostConfig.PidsLimit}} {{.HostConfig.NanoCpus}}' uu
    fails docker update --memory 1k uu
    t docker update --restart on-failure:3 uu
    t docker inspect --format '{{.HostConfig.RestartPolicy}}' uu
}

case_top() {
    q run -d --name tt busybox sh -c 'sleep 62 & sleep 63'
    within 10 eval 'docker top tt | grep -q "sleep 63"'
    t docker top tt -o comm
    docker top tt | head -n 1
    docker top tt aux | head -n 1
    q docker stop -t 0 tt
    says 'is not running' docker top tt
    says 'No such container' docker top nobody
}

case_health() {
    q run -d --name hh --health-cmd 'test -e /ok' --health-interval 300ms --health-retries 2 --health-timeout 5s busybox sh -c 'sleep 60'
    t docker inspect --format '{{.State.Health.Status}}' hh
    within 15 eval '[ "$(docker inspect --format "{{.State.Health.Status}}" hh)" = unhealthy ]'
    t docker ps --format '{{.Names}} {{.Status}}' --filter health=unhealthy
    q docker exec hh touch /ok
    within 15 eval '[ "$(docker inspect --format "{{.State.Health.Status}}" hh)" = healthy ]'
    t docker ps --format '{{.Names}} {{.Status}}' --filter health=healthy
    t docker inspect --format '{{json .Config.Healthcheck}}' hh
    docker inspect --format '{{with index .State.Health.Log 0}}{{.ExitCode}} {{json .Output}}{{end}}' hh
    q run -d --name none --no-healthcheck busybox sleep 60
    t docker ps --format '{{.Names}} {{.Status}}' --filter name=none
}

case_rename_and_port() {
    start_polite aa
    t docker rename aa bb
    t docker inspect --format '{{.Name}}' bb
    says 'No such container' docker inspect --type container nobody
    t docker port bb
    says 'No such container' docker port nobody
}

case_prune() {
    q run --name aa busybox true; q run --name bb --label keep=1 busybox true; start_polite cc
    t docker container prune -f --filter label!=keep
    t docker ps -a --format '{{.Names}}'
    docker container prune -f | head -n 1
    t docker ps -a --format '{{.Names}}'
}
