# shellcheck shell=bash disable=SC2154
# Docker and podman, privately: their own roots, socket and state under $work; nothing of the system's is touched.

dockerd_pid='' docker_made_parent=0
# 1: with networks, in a network of its own. 0: with none, as what is measured has none either; iptables may not be there.
docker_networks=0

docker_private() { command docker -H "unix://$work/docker.sock" "$@"; }

docker_start() {
    { command -v dockerd && command -v docker; } >/dev/null 2>&1 || { say "  docker: not installed (scripts/setup --bench)"; return 1; }
    find /sys/fs/cgroup -maxdepth 2 -type d -name docker | grep -q . || docker_made_parent=1
    local host=() options=(--iptables=false --ip6tables=false --bridge=none)
    if ((docker_networks)); then host=("${own_network[@]}") options=(); fi
    "${host[@]}" dockerd --data-root "$work/docker" --exec-root "$work/docker-run" -H "unix://$work/docker.sock" --pidfile "$work/docker.pid" \
        "${options[@]}" </dev/null >"$work/dockerd.log" 2>&1 &
    dockerd_pid=$!
    if ! within 30 docker_private version; then
        say "  docker: dockerd does not start here, skipped: $(tail -n 1 "$work/dockerd.log")"; docker_stop; return 1
    fi
    docker_private import "$work/rootfs.tar" bench >/dev/null
    if ! docker_private run --rm --network none bench true 2>"$work/docker.err"; then
        say "  docker: cannot run a container here, skipped: $(head -n 1 "$work/docker.err")"; docker_stop; return 1
    fi
    say "  docker: $(docker_private version --format '{{.Server.Version}}') with $(docker_private info --format '{{.DefaultRuntime}}, {{.Driver}}')"
}

docker_remove_all() { docker_private ps -aq | xargs -r docker -H "unix://$work/docker.sock" rm -f >/dev/null; }

docker_stop() {
    [ -n "$dockerd_pid" ] || return 0
    docker_remove_all 2>/dev/null || true
    end_process "$dockerd_pid" 20
    wait "$dockerd_pid" 2>/dev/null || true
    dockerd_pid=''
    [ "$docker_made_parent" -eq 0 ] || rmdir /sys/fs/cgroup/*/docker /sys/fs/cgroup/docker 2>/dev/null || true
}

podman_options() {
    # runc, because crun of Debian 12 refuses hybrid hosts.
    printf '%s\n' --root "$work/podman" --runroot "$work/podman-run" --cgroup-manager cgroupfs --runtime runc --events-backend file
}

podman_run() {
    # Without CAP_SYS_RESOURCE podman's default limits cannot be set.
    printf '%s\n' podman "${podman[@]}" run --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network none
}

podman_ready() {
    command -v podman >/dev/null 2>&1 || { say "  podman: not installed (scripts/setup --bench)"; return 1; }
    mapfile -t podman < <(podman_options)
    mapfile -t podman_run < <(podman_run)
    command podman "${podman[@]}" import "$work/rootfs.tar" bench >/dev/null 2>&1 || true
    if ! "${podman_run[@]}" --rm bench true 2>"$work/podman.err"; then
        say "  podman: cannot run a container here, skipped: $(head -n 1 "$work/podman.err")"; return 1
    fi
    say "  podman: $(command podman --version | awk '{ print $3 }') with runc"
}

podman_stop() {
    [ -d "$work/podman" ] || return 0
    command podman "${podman[@]}" rm -fa -t 0 >/dev/null 2>&1 || true
    find /sys/fs/cgroup -mindepth 1 -maxdepth 4 -depth -type d -path "*/libpod_parent*" -exec rmdir {} + 2>/dev/null || true
}

# A bundle of the OCI runtime's own making for `true` on the same root file system.
#   bundle RUNTIME NAME [CONFIG]    CONFIG: a bundle's configuration whose seccomp profile is to be used
bundle() {
    local runtime=$1 bundle=$work/bundle-$1-$2 model=${3:-/dev/null}
    command -v "$runtime" >/dev/null 2>&1 || { say "  $runtime: not installed"; return 0; }
    mkdir -p "$bundle"
    (cd "$bundle" && rm -f config.json && "$runtime" spec)
    jq --arg rootfs "$work/rootfs" --slurpfile model "$model" '
        .process.args = ["true"] | .process.terminal = false | .root.path = $rootfs | .process.rlimits = []
        | if $model == [] then . else .linux.seccomp = $model[0].linux.seccomp end' "$bundle/config.json" >"$bundle/new" && mv "$bundle/new" "$bundle/config.json"
}

# The OCI runtime alone. Debian's crun refuses hybrid hosts, so it is given a mount namespace without the v2 hierarchy; the
# time to enter it is not counted.
#   bare_runtime RUNTIME NAME [COUNT]
bare_runtime() {
    local runtime=$1 bundle=$work/bundle-$1-$2 count=${3:-1}
    [ -d "$bundle" ] || return 0
    unshare --mount --propagation private bash -c '
        umount -l /sys/fs/cgroup/unified 2>/dev/null
        exec "$@"' - "$work/stopwatch" -n "$count" "$runtime" --root "$work/bare-$runtime" run --bundle "$bundle" "bench-{}"
}
