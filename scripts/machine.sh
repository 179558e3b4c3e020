# shellcheck shell=bash
# A machine that has cgroup v2 alone, whatever this host has: Debian's cloud kernel, emulated, from memory, without disk and
# network. x86_64, Debian. Source it after lib.sh; `$work` is a directory of one's own. Then: machine_ready; machine_make;
# machine_add …; machine_boot COMMANDS.
#   QUELL_V2_TIMEOUT=900         seconds the machine may take
#   QUELL_V2_ACCELERATOR=kvm     instead of emulation, where that works
#   QUELL_V2_MEMORY=6144         megabytes it has

machine_limit=${QUELL_V2_TIMEOUT:-900}
machine=${work:?}/machine

# What the machine gets beside busybox: runtimes, and what makes and breaks file systems.
machine_programs=(
    bash cp crun dash dd dmsetup flock fsfreeze losetup mke2fs mkfs.ext4 mount nsenter pgrep ps rm runc stress-ng timeout umount unshare
)
machine_modules=(fuse overlay loop dm-mod nfsv3)

# Programs and kernel of the machine; the kernel is unpacked below $work/kernel and not installed.
machine_ready() {
    [ "$(uname -m)" = x86_64 ] || fail "the machine is x86_64 only"
    machine_install
    local package
    package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)/\1/p' | head -n 1)
    [ -n "$package" ] || fail "apt knows no linux-image-cloud-amd64: apt-get update"
    title "Fetching $package"
    (cd "$work" && apt-get download -q "$package" >apt 2>&1) || { tail -n 5 "$work/apt"; fail "could not fetch $package"; }
    dpkg-deb -x "$work/$package"_*.deb "$work/kernel"
}

machine_install() {
    local packages=()
    command -v qemu-system-x86_64 >/dev/null 2>&1 || packages+=(qemu-system-x86)
    command -v cpio >/dev/null 2>&1 || packages+=(cpio)
    command -v modprobe >/dev/null 2>&1 || packages+=(kmod)
    [ ${#packages[@]} -eq 0 ] && return
    title "Installing ${packages[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${packages[@]}" </dev/null >"$work/apt" 2>&1 ||
        { tail -n 5 "$work/apt"; fail "apt-get could not install: ${packages[*]} (apt-get update?)"; }
}

# machine_add DIRECTORY PROGRAM...: with the libraries they are linked with, these at the paths they have here.
machine_add() {
    local directory=$machine$1 program library
    shift
    for program in "$@"; do
        install -D -t "$directory" "$program"
        # A static program has none, which ldd and grep call an error.
        { ldd "$program" 2>/dev/null | grep -oE '/[^ ]+' || true; } | sort -u | while read -r library; do
            [ -e "$machine$library" ] || install -D "$(readlink -f "$library")" "$machine$library"
        done
    done
}

machine_make() {
    local applet name path version
    mkdir -p "$machine"/{usr/{bin,sbin,lib,lib64,share},proc,sys,dev,tmp,etc,root,run,var/tmp,modules}
    for name in bin sbin lib lib64; do ln -s "usr/$name" "$machine/$name"; done
    cp "$(command -v busybox)" "$machine/usr/bin/busybox"
    while read -r applet; do ln -sf busybox "$machine/usr/bin/$applet"; done < <(busybox --list | grep -vx busybox)
    cp -r /usr/share/containers "$machine/usr/share/"
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$machine/etc/passwd"
    printf 'root:x:0:\n' >"$machine/etc/group"
    [ ! -e /etc/mke2fs.conf ] || cp /etc/mke2fs.conf "$machine/etc/"
    for name in "${machine_programs[@]}"; do
        path=$(command -v "$name") || { say "note: the machine has no $name, as this host has none"; continue; }
        machine_add "$(dirname "$path")" "$path"
    done
    # That of busybox runs its own commands instead of those that are on the path.
    ln -sf dash "$machine/usr/bin/sh"
    version=$(ls "$work/kernel/lib/modules")
    depmod -b "$work/kernel" "$version"
    for name in "${machine_modules[@]}"; do
        modprobe -d "$work/kernel" -S "$version" --show-depends "$name"
    done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | while read -r path; do
        name=$(basename "${path%.xz}")
        [ ! -e "$machine/modules/$name" ] || continue
        case $path in *.xz) xz -dc "$path" >"$machine/modules/$name" ;; *) cp "$path" "$machine/modules/" ;; esac
        printf '%s\n' "$name" >>"$machine/modules/order"
    done
    # The first memory file system cannot be left by pivot_root, which runtimes use: all moves to a second one.
    cat >"$machine/init" <<'END'
#!/bin/sh
export PATH=/usr/bin
mkdir /new
mount -t tmpfs -o size=75% tmpfs /new
for name in /*; do [ "$name" = /new ] || cp -a "$name" /new/; done
# Of what is large there is no memory for two.
rm -rf /built
exec switch_root /new /start
END
    cat >"$machine/start" <<'END'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C QUELL_EMULATED=1
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
ln -s /proc/self/fd /dev/fd
mkdir -p /dev/pts; mount -t devpts devpts /dev/pts; mount -t tmpfs tmpfs /tmp
mount -t cgroup2 cgroup2 /sys/fs/cgroup
while read -r module; do insmod "/modules/$module"; done </modules/order
ip link set lo up
echo "kernel $(uname -r), controllers $(cat /sys/fs/cgroup/cgroup.controllers)"
# As on any host, the first process is in no cgroup that has children.
mkdir /sys/fs/cgroup/init; echo $$ >/sys/fs/cgroup/init/cgroup.procs
sh /commands
echo "STATUS $?"
poweroff -f
END
    chmod +x "$machine/init" "$machine/start"
}

# machine_boot COMMANDS: its console goes to standard output, the last line of which is `STATUS n`, and to $work/console.
# A busy host delays the timer of the emulated machine so long that the kernel takes it for broken: it is not to check.
machine_boot() {
    printf '%s\n' "$1" >"$machine/commands"
    (cd "$machine" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initrd"
    timeout "$machine_limit" qemu-system-x86_64 -accel "${QUELL_V2_ACCELERATOR:-tcg,thread=multi}" -cpu max -smp 2 \
        -m "${QUELL_V2_MEMORY:-6144}" -nographic -no-reboot -net none -kernel "$(echo "$work"/kernel/boot/vmlinuz-*)" \
        -initrd "$work/initrd" -append "console=ttyS0 quiet panic=-1 cgroup_no_v1=all no_timer_check" </dev/null 2>&1 |
        sed -u 's|\r$||' | tee "$work/console" || true
}

# Of what was run in it; fails when it ended before.
machine_status() {
    local status
    status=$(sed -n 's/^STATUS //p' "$work/console" | tail -n 1)
    [ -n "$status" ] || fail "the machine ended, or its $machine_limit s did, before what was to be run"
    printf '%s\n' "$status"
}
