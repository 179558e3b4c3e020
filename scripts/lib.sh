# shellcheck shell=bash
# Shared by the scripts in this folder; sourced, never run.

set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
BUILD=${BUILD:-debug}

command -v swift >/dev/null 2>&1 || PATH=$PATH:/opt/swift/usr/bin
export PATH

if [ -t 1 ]; then bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' off=$'\e[0m'; else bold='' red='' green='' off=''; fi
export bold red green off

say() { printf '%s\n' "$*"; }
title() { printf '%s%s%s\n' "$bold" "$*" "$off"; }
fail() { printf '%s%s%s\n' "$red" "$*" "$off" >&2; exit 1; }

# Where the programs are: QUELL_BIN, or what the package manager built.
bin_dir() { printf '%s\n' "${QUELL_BIN:-$root/.build/$BUILD}"; }

# Milliseconds since boot: monotonic, unlike the clock of `date`.
now_ms() { local up; read -r up _ </proc/uptime; up=${up/./}; printf '%s\n' "$((10#$up * 10))"; }

minutes() { printf '%d:%02d min' $(($1 / 60)) $(($1 % 60)); }

# Pass a build's output through; away from a terminal, of its hundreds of progress lines show one every 20 seconds.
progress() {
    if [ -t 1 ]; then cat; return; fi
    local line next=0
    while IFS= read -r line; do
        case $line in
            '['[0-9]*/*']'*)
                ((SECONDS < next)) && continue
                next=$((SECONDS + 20)) ;;
        esac
        printf '%s\n' "$line"
    done
}

# What a build will take, said before it starts.
say_expected() {
    local what=$1 first=$2
    if [ -d "$root/.build/$BUILD" ]; then
        say "$what ($BUILD): a build exists, only what changed is built anew."
    else
        say "$what ($BUILD): the first build takes about $first on two cores, up to three times that on a slow machine."
    fi
}
