# shellcheck shell=bash
# A quelld of one's own for demo and bench: roots, socket and image under one temporary directory, all of it removed at
# the end, also after a failure or Ctrl-C. Source it after lib.sh, then: daemon_start; image_busybox NAME.

work=$(mktemp -d /tmp/quell-XXXXXX)
bin=$(bin_dir)
export QUELL_HOST=unix://$work/run/quell.sock
quelld_pid='' hung_pid=''
# Further ones of quelld's. Containers that name no network have none: nothing of the host's is changed.
daemon_options=() daemon_network=none
# A command line before quelld's: where it runs. `own_network` is one: devices and rules in it are nobody else's.
daemon_host=()
# shellcheck disable=SC2034
own_network=(unshare --net sh -c 'ip link set lo up; exec "$@"' sh)

quell() { command "$bin/quell" "$@"; }

require_programs() {
    local program
    [ "$(id -u)" -eq 0 ] || fail "root is needed: containers are started"
    for program in quelld quell quell-shim quell-unpack quell-registry; do
        [ -x "$bin/$program" ] || fail "$bin/$program is missing: make build"
    done
    for program in busybox crun; do
        command -v "$program" >/dev/null 2>&1 || fail "$program is missing: scripts/setup installs it"
    done
}

# Wait up to SECONDS until the command succeeds; its output is thrown away.
within() {
    local end=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.02
    done
}

daemon_start() {
    require_programs
    mkdir -p "$work/run" "$work/data"
    "${daemon_host[@]}" "$bin/quelld" --data-root "$work/data" --run-root "$work/run" -H "$QUELL_HOST" --default-network "$daemon_network" "${daemon_options[@]}" </dev/null >>"$work/quelld.log" 2>&1 &
    quelld_pid=$!
    within 30 daemon_answers || { cat "$work/quelld.log" >&2; fail "quelld does not answer on $QUELL_HOST"; }
}

daemon_answers() { kill -0 "$quelld_pid" && quell version; }

# An image of Debian's busybox-static: one binary, a link for each of its commands, and two files about users.
image_busybox() {
    local name=$1 tree=$work/rootfs applet
    mkdir -p "$tree"/{bin,etc,tmp,proc,sys,dev,root}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    while read -r applet; do [ "$applet" = busybox ] || ln -sf busybox "$tree/bin/$applet"; done < <(busybox --list)
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$tree/etc/passwd"
    printf 'root:x:0:\n' >"$tree/etc/group"
    tar -C "$tree" -cf "$work/rootfs.tar" .
    quell image import "$work/rootfs.tar" "$name"
}

hung_fuse_start() {
    # Where there is no compiler it was brought along.
    if [ -x "$bin/hung-fuse" ]; then cp "$bin/hung-fuse" "$work/"; else "${CC:-cc}" -O1 -o "$work/hung-fuse" scripts/hung-fuse.c; fi
    mkdir -p "$work/hung"
    "$work/hung-fuse" "$work/hung" >"$work/hung.log" 2>&1 &
    hung_pid=$!
    within 10 grep -q mounted "$work/hung.log" || { cat "$work/hung.log" >&2; return 1; }
}

# Ends the server: its connection closes, which the kernel takes as an abort and frees everybody who waits.
hung_fuse_abort() {
    [ -n "$hung_pid" ] || return 0
    kill "$hung_pid" 2>/dev/null || true
    wait "$hung_pid" 2>/dev/null || true
    hung_pid=''
}

# Name of the cgroup the private engine puts its containers into, from any bundle that is there.
cgroup_parent() {
    local bundle
    for bundle in "$work"/run/c/*/config.json; do
        [ -e "$bundle" ] || return 0
        sed -nE 's/.*"cgroupsPath" ?: ?"\\?\/?(quell-[0-9a-f]+).*/\1/p' "$bundle" | head -n 1; return 0
    done
}

# Ids of the processes whose command line names our directory: the shims of our engine and their writers, whoever is their parent now.
our_shims() {
    local directory name rest
    for directory in /proc/[0-9]*; do
        { IFS= read -r rest <"$directory/stat"; } 2>/dev/null || continue
        name=${rest#*\(}; name=${name%)*}
        case $name in quell-shim | quell-writer) ;; *) continue ;; esac
        if tr '\0' ' ' <"$directory/cmdline" 2>/dev/null | grep -q "$work/"; then printf '%s\n' "${directory#/proc/}"; fi
    done
}

end_process() {
    local pid=$1
    kill "$pid" 2>/dev/null || return 0
    within "$2" eval "! kill -0 $pid" || kill -KILL "$pid" 2>/dev/null || true
}

daemon_clean_up() {
    local status=${1:-$?} parent pid path
    trap '' INT TERM
    set +e
    hung_fuse_abort
    parent=$(cgroup_parent)
    if [ -n "$quelld_pid" ] && kill -0 "$quelld_pid" 2>/dev/null; then
        quell ps -aq 2>/dev/null | xargs -r timeout 60 "$bin/quell" rm -f >/dev/null 2>&1
        end_process "$quelld_pid" 15
        wait "$quelld_pid" 2>/dev/null
    fi
    # Below is for what a failure left; after a good run there is nothing.
    [ -z "$parent" ] || end_cgroup "$parent"
    for pid in $(our_shims); do end_process "$pid" 2; done
    [ -z "$parent" ] || end_cgroup "$parent"
    awk -v under="$work/" 'index($5, under) == 1 { print $5 }' /proc/self/mountinfo | sort -r | while read -r path; do umount -l "$path"; done
    if [ "$status" -ne 0 ] && [ -s "$work/quelld.log" ]; then
        printf '%s\n' "--- last lines of quelld's log:" >&2; tail -n 20 "$work/quelld.log" >&2
    fi
    rm -rf --one-file-system "$work"
    exit "$status"
}

end_cgroup() {
    local parent=$1 top directory
    for top in /sys/fs/cgroup /sys/fs/cgroup/*; do
        directory=$top/$parent
        [ -d "$directory" ] || continue
        [ ! -e "$directory/cgroup.kill" ] || { echo 1 >"$directory/cgroup.kill"; } 2>/dev/null
        within 3 find "$directory" -depth -type d -exec rmdir {} + || find "$directory" -depth -type d -exec rmdir {} + 2>/dev/null
    done
}

trap daemon_clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
