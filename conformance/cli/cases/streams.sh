# shellcheck shell=bash disable=SC2016,SC2069,SC2154,SC2238
# Terminals, exec, attach, logs.

case_terminal() {
    at_terminal docker run --rm -it --network none busybox sh -- '</ #' '>tty\n' '<pts/' '</ #' '>exit 4\n'
}

case_terminal_size() {
    at_terminal -100x30 docker run --rm -it --network none busybox sh -c 'until [ "$(stty size)" = "30 100" ]; do sleep 0.1; done; echo first; until [ "$(stty size)" = "20 77" ]; do sleep 0.1; done; echo second' -- '<first' '=77x20' '<second'
}

case_terminal_interrupt() {
    at_terminal docker run --rm -it --init --network none busybox sh -c 'echo ready; exec cat' -- '<ready' '>\x03'
}

case_detach_and_attach_again() {
    at_terminal docker run -it --name dd --network none busybox sh -- '</ #' '>echo one\n' '<one' '<one' '</ #' '>\x10\x11'
    t docker inspect --format '{{.State.Running}}' dd
    at_terminal docker attach dd -- '>echo two\n' '<two' '<two' '>exit 3\n'
    t state dd
}

case_detach_keys() {
    at_terminal docker run -it --detach-keys 'ctrl-x,x' --name dd --network none busybox sh -- '</ #' '>\x18x'
    t docker inspect --format '{{.State.Running}}' dd
    at_terminal docker exec -it --detach-keys a dd cat -- '>a'
    fails docker run -it --detach-keys 'nonsense' --network none busybox sh
}

case_attach_without_terminal() {
    q run -d -i --name aa busybox sh -c 'read line; echo "got $line"; sleep 0.5; exit 6'
    echo word | t docker attach aa
    t docker logs aa
    says 'cannot attach to aa stopped container' docker attach aa
    says 'No such container' docker attach nobody
}

case_signals_are_proxied() {
    run --name pp busybox sh -c "$polite" >out 2>&1 &
    within 10 logged pp ready
    kill -TERM $!
    wait $!; echo "[$?]"
    cat out
}

case_exec() {
    start_polite ee
    t docker exec ee echo inside
    t docker exec ee sh -c 'exit 5'
    t docker exec -e A=1 -w /tmp -u user ee sh -c 'echo $A; pwd; id -u'
    echo typed | t docker exec -i ee cat
    docker exec ee sh -c 'echo out; echo err >&2' 2>/dev/null
    docker exec ee sh -c 'echo out; echo err >&2' 2>&1 >/dev/null
    says 'not found' docker exec ee nosuchcommand
    says 'permission denied' docker exec ee /etc/passwd
    says 'No such container' docker exec nobody true
    t docker exec -d ee touch /made
    within 5 docker exec ee test -e /made
    fails docker exec -w /no/such/directory ee true
    fails docker exec -u nobodyknows ee true
    q docker stop ee
    says 'is not running' docker exec ee true
}

case_exec_at_a_terminal() {
    start_polite ee
    at_terminal docker exec -it ee sh -- '</ #' '>tty\n' '<pts/' '</ #' '>exit 9\n'
    at_terminal -90x25 docker exec -it ee sh -c 'until [ "$(stty size)" = "25 90" ]; do sleep 0.1; done; echo size' -- '<size'
    t docker exec -t ee tty
}

case_exec_killed() {
    start_polite ee
    t docker exec ee sh -c 'kill -9 $$'
}

case_logs() {
    q run --name ll busybox sh -c 'for i in 1 2 3 4 5; do echo line $i; done; sleep 0.2; echo error >&2'
    t docker logs ll
    t docker logs ll 2>/dev/null
    t docker logs --tail 2 ll
    t docker logs --tail 0 ll
    t docker logs -n all ll
    t docker logs -t --tail 1 ll
    t docker logs --details --tail 1 ll
    says 'No such container' docker logs nobody
}

case_logs_of_a_time() {
    q run -d --name ll busybox sh -c 'echo early; sleep 2; echo late; sleep 60'
    within 10 logged ll late
    stamp=$(docker logs -t ll | sed -n 's/ late$//p')
    t docker logs --until "$stamp" --tail 1 ll | sed 1d
    docker logs --since "$stamp" ll
    t docker logs --since 1h ll
    t docker logs --until 1h ll
    fails docker logs --since nonsense ll
}

case_logs_followed() {
    q run -d --name ll busybox sh -c 'for i in 1 2 3; do echo line $i; sleep 0.2; done'
    t docker logs -f ll
    q run -d --name mm busybox sh -c 'for i in 1 2 3; do echo line $i; sleep 0.2; done; exit 3'
    t docker logs -f --tail 0 --until 10s mm >/dev/null
    t docker logs -f -t mm
}

case_logs_without_newline() {
    q run --name nn busybox printf 'no newline'
    docker logs nn; echo '|'
    q run --name long busybox sh -c 'head -c 40000 /dev/zero | tr "\0" x'
    docker logs long | wc -c
}

case_log_drivers() {
    q run --name jj --log-driver json-file --log-opt max-size=10k --log-opt max-file=3 busybox echo kept
    t docker inspect --format '{{.HostConfig.LogConfig}}' jj
    t docker logs jj
    q run --name nn --log-driver none busybox echo gone
    fails docker logs nn
    fails run --log-driver nonsense busybox true
    fails run --log-opt nonsense=1 busybox true
}
