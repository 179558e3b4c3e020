# shellcheck shell=bash disable=SC2154
# The API as its clients feel it: requests per second, streams, transfers, and what the daemons hold afterwards. Each
# figure is taken of Quell and, where dockerd runs here, of docker right after it.

load() { "$work/load" "$@"; }
quell_socket() { printf '%s' "${QUELL_HOST#unix://}"; }

# each NAME UNIT RELATION FUNCTION: the function gets a socket and prints values.
each() {
    local name=$1 unit=$2 relation=$3 measure=$4
    "$measure" "$(quell_socket)" | figure "quell: $name" "$unit" -
    ((docker)) || return 0
    "$measure" "$work/docker.sock" | figure "docker: $name" "$unit" -
    case $relation in
        more) ratio "$name: quell / docker" "quell: $name" "docker: $name" '>=' 3 ;;
        less) ratio "$name: docker / quell" "docker: $name" "quell: $name" '>=' 3 ;;
    esac
}

rounds() { local i; for ((i = 1; i <= rounds; i++)); do "$@"; done; }
list_rate() { rounds load requests "$1" '/v1.41/containers/json?all=1' "$seconds" 8; }
inspect_rate() { rounds load requests "$1" /v1.41/containers/api-1/json "$seconds" 8; }
run_true() { watch -n "$some" docker -H "unix://$1" run --rm --network none bench true; }
# What is asked for is there already: how fast it comes, not how fast the container writes.
read_logs() { rounds load drain "$1" '/v1.41/containers/api-log/logs?stdout=1&follow=1' $((log_bytes - 1)); }
load_image() {
    local i
    for ((i = 1; i <= rounds; i++)); do
        docker -H "unix://$1" rmi -f big:1 >/dev/null 2>&1 || true
        watch docker -H "unix://$1" load -q -i "$work/big.tar"
    done
}

# So many created containers.
api_crowd() {
    local socket=$1 i
    for ((i = 1; i <= crowd_api; i++)); do
        docker -H "unix://$socket" create --network none --name "api-$i" --label "number=$i" bench sleep 3600 >/dev/null
    done
}

# One that has logged.
api_log() {
    docker -H "unix://$1" run --network none --name api-log bench \
        sh -c "yes 'a line of a log that is about as long as such lines are, with a number: 1234567890' | head -c $log_bytes" >/dev/null
}

# Of Quell, and of docker where it runs here.
with_both() {
    "$1" "$(quell_socket)"
    ((!docker)) || "$1" "$work/docker.sock"
}

# An archive of docker save's kind, whose layer does not compress.
big_archive() {
    local tree=$work/big
    mkdir -p "$tree"
    head -c "$((image_megabytes << 20))" /dev/urandom >"$tree/blob"
    tar -C "$tree" -cf - . | quell image import - big:1 >/dev/null
    rm -r "$tree"
    quell image save -o "$work/big.tar" big:1
    quell image rm big:1 >/dev/null
}

# resident PID/status...
resident() { (cd /proc && awk '/^VmRSS:/ { sum += $2 } END { printf "%.2f\n", sum / 1000 }' "$@"); }

# memory WHEN: without containers that run there are no shims, but docker has its containerd.
api_memory() {
    local when=$1 daemons
    resident "$quelld_pid/status" | figure "quell: memory $when" MB -
    ((docker)) || return 0
    mapfile -t daemons < <(printf '%s\n' "$dockerd_pid"; pgrep -P "$dockerd_pid" -x containerd)
    resident "${daemons[@]/%//status}" | figure "docker: memory $when" MB -
    ratio "memory $when: docker / quell" "docker: memory $when" "quell: memory $when" '>=' 3
}

api_ready() {
    crowd_api=200 seconds=4 rounds=3 log_bytes=1000000000 image_megabytes=500
    ((!quick)) || { crowd_api=20 seconds=1 rounds=1 log_bytes=20000000 image_megabytes=20; }
    command -v docker >/dev/null 2>&1 || { say "  the docker command line is not installed: no API figures"; return 1; }
    "${CC:-cc}" -O2 -o "$work/load" bench/load.c
    api_clear
}
api_clear() {
    remove_all
    ((!docker)) || docker_remove_all
}

part_api() { part_api_rates; part_api_run; part_api_logs; part_api_load; }

part_api_rates() {
    title "API: requests"
    api_ready || return 0
    with_both api_crowd
    each "containers/json of $crowd_api" req/s more list_rate
    each "inspect" req/s more inspect_rate
    api_memory "with $crowd_api containers"
    api_clear
}

part_api_run() {
    title "API: docker run"
    api_ready || return 0
    each "docker run --rm true" ms less run_true
}

part_api_logs() {
    title "API: a long log"
    api_ready || return 0
    with_both api_log
    # Docker takes minutes for it.
    rounds=1
    each "logs of $((log_bytes / 1000000)) MB followed" s less read_logs
    api_clear
}

part_api_load() {
    title "API: docker load"
    api_ready || return 0
    big_archive
    each "docker load of $image_megabytes MB" ms less load_image
    rm -f "$work/big.tar"
    api_memory "after loads"
}
