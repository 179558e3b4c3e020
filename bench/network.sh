# shellcheck shell=bash disable=SC2154
# A container with an address of its own, against one without, and docker's; and what a published port carries. Quell and docker
# each have a network of their own, whose devices and rules go with it.

# They are made for the whole run where the part is one of it, and where the host has what they need.
networks_wanted() {
    case " ${parts[*]} " in *' network '*) ;; *) return 1 ;; esac
    command -v iptables >/dev/null 2>&1 || return 1
    local directory
    for directory in /opt/cni/bin /usr/lib/cni /usr/libexec/cni /usr/local/lib/cni; do
        [ ! -x "$directory/bridge" ] || return 0
    done
    return 1
}

part_network() {
    local i
    networks_wanted || { say "  network: no CNI plugins or iptables (scripts/setup), skipped"; return 0; }
    title "run --rm IMAGE true, in a bridge network and in none, in turns"
    # The bridge is made for the first.
    quell run --rm --network bridge bench true >/dev/null
    for ((i = 1; i <= runs; i++)); do
        watch "${quell_run[@]}" --rm --network bridge bench true >>"$work/times-bridge"
        watch "${quell_run[@]}" --rm --network none bench true >>"$work/times-none"
    done
    figure "quell run (bridge)" ms - <"$work/times-bridge"
    figure "quell run (no network)" ms - <"$work/times-none"
    ratio "quell run: bridge / none" "quell run (bridge)" "quell run (no network)" '<=' 2
    if ((docker)); then
        watch -n "$some" docker -H "unix://$work/docker.sock" run --rm --network bridge bench true | figure "docker run (bridge)" ms -
        ratio "docker run / quell run (bridge)" "docker run (bridge)" "quell run (bridge)" '>=' 3
    fi
    part_network_throughput
}

# From the host's loopback to a published port.
part_network_throughput() {
    command -v iperf3 >/dev/null 2>&1 || { say "  iperf3: not installed (scripts/setup --bench)"; return 0; }
    title "iperf3, loopback to a published port"
    local tree=$work/iperf library
    mkdir -p "$tree/bin" "$tree/tmp"
    cp "$(command -v iperf3)" "$tree/bin/"
    ldd "$tree/bin/iperf3" | grep -oE '/[^ ]+' | while read -r library; do mkdir -p "$tree/$(dirname "$library")" && cp -L "$library" "$tree/$library"; done
    tar -C "$tree" -cf "$work/iperf.tar" .
    quell image import "$work/iperf.tar" iperf >/dev/null
    quell run -d --name iperf --network bridge -p 5201:5201 iperf /bin/iperf3 -s >/dev/null
    iperf_figures quell "$quelld_pid"
    quell rm -f iperf >/dev/null
    ((docker)) || return 0
    docker_private import "$work/iperf.tar" iperf >/dev/null
    docker_private run -d --name iperf --network bridge -p 5201:5201 iperf /bin/iperf3 -s >/dev/null
    iperf_figures docker "$dockerd_pid"
    docker_private rm -f iperf >/dev/null
    ratio "throughput: quell / docker" "quell: throughput" "docker: throughput" '>=' -
    ratio "round trip: docker / quell" "docker: round trip" "quell: round trip" '>=' -
}

# iperf_figures NAME PID: in the network of the daemon with that PID.
iperf_figures() {
    local name=$1 pid=$2 i
    # Bounded: a connection that is never answered would hold it for ever.
    iperf() { timeout 15 nsenter "--net=/proc/$pid/ns/net" iperf3 -c 127.0.0.1 -J "$@"; }
    within 10 iperf -t 0.1 || { say "  $name: iperf3 does not answer: skipped"; return 0; }
    for ((i = 1; i <= 3; i++)); do iperf -t 2 | jq '.end.sum_received.bits_per_second / 1e9'; done | figure "$name: throughput" Gb/s -
    # Few and small: what one takes, not how long it waits behind others.
    for ((i = 1; i <= 3; i++)); do iperf -t 1 -l 128 -b 1M | jq '.end.streams[0].sender.mean_rtt'; done | figure "$name: round trip" us -
}
