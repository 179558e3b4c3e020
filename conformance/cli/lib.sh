# shellcheck shell=bash
# What the cases are written with. A case is a function case_NAME in a file of cases/; it speaks to the engine that
# DOCKER_HOST names, through the docker command line, and prints what a user would see. `case` runs one.
# Images there are: busybox (busybox:latest) with a user `user` (1000), and nothing else.

# t COMMAND: shows the command, what it printed on either stream, and its status unless that is 0.
t() {
    local status=0
    printf '$ %s\n' "$*"
    "$@" 2>&1 || status=$?
    [ "$status" -eq 0 ] || printf '[%s]\n' "$status"
}

# q COMMAND: says something only if it fails.
q() {
    local output status=0
    output=$("$@" 2>&1) || status=$?
    [ "$status" -eq 0 ] || printf '$ %s\n%s\n[%s]\n' "$*" "$output" "$status"
}

# fails COMMAND: shows command and status. The message goes to standard error, which is not compared: engines word it each
# in their own way. What clients read in it is: see `says`.
fails() {
    local status=0
    printf '$ %s\n' "$*"
    "$@" >&2 || status=$?
    printf '[%s]\n' "$status"
}

# says WORDS COMMAND: as fails, and whether the message has the words.
says() {
    local words=$1 output status=0; shift
    printf '$ %s\n' "$*"
    output=$("$@" 2>&1) || status=$?
    if grep -qiF -- "$words" <<<"$output"; then printf '[%s] ... %s ...\n' "$status" "$words"
    else printf '[%s] without "%s": %s\n' "$status" "$words" "$output"; fi
}

# run OPTIONS: `docker run`, without a network.
run() { docker run --network none "$@"; }

# within SECONDS COMMAND: until it succeeds.
within() {
    local end=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || { printf 'not within the time: %s\n' "$*"; return 1; }
        sleep 0.05
    done
}

# state NAME: what `docker inspect` says.
state() { docker inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$1"; }
is() { [ "$(docker inspect --format '{{.State.Status}}' "$1")" = "$2" ]; }
logged() { docker logs "$1" 2>&1 | grep -q -- "$2"; }

# A container that handles TERM, and says ready.
# shellcheck disable=SC2016
polite='trap "echo saved; exit 0" TERM; echo ready; while :; do sleep 1 & wait $!; done'
start_polite() { q run -d --name "$@" busybox sh -c "$polite"; within 10 logged "$1" ready; }

# at_terminal [-WxH] COMMAND -- STEPS: on a pseudo-terminal. Steps: "<text" awaits it, ">text" types it.
at_terminal() { python3 "$(dirname "${BASH_SOURCE[0]}")/terminal.py" "$@"; }

# Takes away what differs from one run to the next: ids, times, ages.
normalise() {
    sed -E \
        -e 's/\r$//' \
        -e 's/sha256:[0-9a-f]{64}/sha256:ID/g; s/\b[0-9a-f]{64}\b/ID/g; s/sha256:[0-9a-f]{12}\b/sha256:ID/g; s/\b[0-9a-f]{12}\b/ID/g' \
        -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})/TIME/g' \
        -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)? \+0000 UTC/TIME/g' \
        -e 's/(Less than a second|About a minute|About an hour|[0-9]+ (second|minute|hour)s?)( ago)?/AGE/g' \
        -e "/^(See 'docker .*--help'\.|Run 'docker .*--help' for more information)$/d" \
        -e '/level=error msg="error waiting for container: context canceled"/d' \
        -e "s#$PWD#HERE#g" \
        -e 's/ {3,}/  /g; s/ +$//'
}
