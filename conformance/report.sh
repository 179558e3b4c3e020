# shellcheck shell=bash disable=SC2154
# Results of a run: one file for each client under $results, with lines of outcome, name and reason, separated by tabs.

count() { grep -c "^$1" "$results/$2" || true; }

# What failed, with what is written below it, and a line of numbers.
summary() {
    awk -F'\t' '/^(passed|differs|skipped)\t/ { shown = 0 } /^failed\t/ { shown = 1 } shown' "$results/$1"
    say "  $1: $(count passed "$1") passed, $(count differs "$1") differ as known, $(count skipped "$1") skipped, $(count failed "$1") failed"
}

write_report() {
    local file name
    cat <<TEXT
# Clients

What real clients did with Quell, as \`make conformance\` last found it. It writes this page.

| client | passed | known to differ | skipped | failed |
| --- | --- | --- | --- | --- |
TEXT
    for file in "$results"/*; do
        name=$(basename "$file")
        printf '| %s | %s | %s | %s | %s |\n' "$name" "$(count passed "$name")" "$(count differs "$name")" "$(count skipped "$name")" "$(count failed "$name")"
    done
    cat <<TEXT

- **docker, docker-compose**: the cases of \`conformance/cli/cases\`, each run against Quell and against $(compared_with), whose
  outputs must be the same but for ids, times and sizes.
- **docker-py**: its own integration tests, unmodified. What Quell does not offer (building, swarm, plugins) is left out by \`conformance/docker-py/skipped\`, as is what needs Docker Hub itself; what pulls
  images pulls them from Debian's docker-registry in its place, which the daemon has as its mirror.
- **podman-compose**: \`conformance/podman-compose\`, where its \`podman\` is quell under this name.
- **testcontainers**: the programs of \`conformance/testcontainers\`.

## Known differences

| case | why |
| --- | --- |
TEXT
    grep -h '^differs' "$results"/* | sort -u | awk -F'\t' '{ sub(/ +$/, "", $3); printf "| `%s` | %s |\n", $2, $3 }'
    printf '\n## Skipped\n\n| tests | why |\n| --- | --- |\n'
    grep -h '^skipped' "$results"/* | awk -F'\t' '{ n[$3]++ } END { for (why in n) printf "| %d | %s |\n", n[why], why }' | sort -t'|' -k2,2nr -k3
    if grep -q '^failed' "$results"/*; then
        printf '\n## Failed\n\n| test | what was seen |\n| --- | --- |\n'
        grep -h '^failed' "$results"/* | awk -F'\t' '{ gsub(/\|/, "\\|", $3); printf "| `%s` | %s |\n", $2, $3 }'
    fi
}

compared_with() {
    if [ -n "$dockerd_pid" ]; then printf 'Docker %s beside it' "$(docker_private version --format '{{.Server.Version}}')"
    else printf 'what was recorded of Docker 20.10.24'; fi
}
