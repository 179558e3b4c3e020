# shellcheck shell=bash
# Figures and their table. A figure is a name, a unit, a target (or -) and all measured values.

figures=()   # "name|unit|target|n|min|median|max"
ratios=()    # "name|value|relation|target"

# figure NAME UNIT TARGET: the values come on standard input, one a line. TARGET bounds the median; `-` is none.
figure() {
    local name=$1 unit=$2 target=$3 row
    row=$(sort -g | awk -v name="$name" -v unit="$unit" -v target="$target" '
        NF { v[++n] = $1 }
        END {
            if (!n) exit 1
            median = n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
            printf "%s|%s|%s|%d|%.2f|%.2f|%.2f\n", name, unit, target, n, v[1], median, v[n]
        }') || { say "  $name: no value, see above"; faults=$((faults + 1)); return 0; }
    figures+=("$row")
    awk -F'|' '{ printf "  %-46s n=%-3d min %.2f  median %.2f  max %.2f %s\n", $1, $4, $5, $6, $7, $2 }' <<<"$row"
}

median_of() {
    local row
    for row in "${figures[@]}"; do
        case $row in "$1|"*) cut -d'|' -f6 <<<"$row"; return 0 ;; esac
    done
    return 1
}

# ratio NAME DIVIDEND DIVISOR RELATION TARGET: of two figures' medians; left out where one of them was not measured.
ratio() {
    local dividend divisor
    dividend=$(median_of "$2") && divisor=$(median_of "$3") || return 0
    ratios+=("$1|$(awk -v a="$dividend" -v b="$divisor" 'BEGIN { printf "%.2f", a / b }')|$4|$5")
}

verdict_of() { awk -v v="$1" -v relation="$2" -v t="$3" 'BEGIN { if (t == "-") print ""; else print ((relation == "<=" ? v <= t : v >= t) ? "PASS" : "FAIL") }'; }

# The table; returns 1 when a target was missed.
table() {
    local row name unit target n min median max value relation verdict missed=0
    printf '\n%-46s %5s %9s %9s %9s  %-12s %s\n' what n min median max target verdict
    for row in "${figures[@]}"; do
        IFS='|' read -r name unit target n min median max <<<"$row"
        verdict=$(verdict_of "$median" '<=' "$target")
        [ "$verdict" != FAIL ] || missed=1
        [ "$target" = - ] && target='' || target="<= $target"
        printf '%-46s %5s %9s %9s %9s  %-12s %s\n' "$name, $unit" "$n" "$min" "$median" "$max" "$target" "$verdict"
    done
    for row in "${ratios[@]}"; do
        IFS='|' read -r name value relation target <<<"$row"
        verdict=$(verdict_of "$value" "$relation" "$target")
        [ "$verdict" != FAIL ] || missed=1
        [ "$target" = - ] && target='' || target="$relation $target"
        printf '%-46s %5s %9s %9s %9s  %-12s %s\n' "$name" '' '' "$value" '' "$target" "$verdict"
    done
    return "$missed"
}

json() {
    local row separator=''
    printf '{\n  "machine": "%s, %s cores, %s",\n  "commit": "%s",\n  "figures": [' \
        "$(uname -sr)" "$(nproc)" "$(sed -nE 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(git rev-parse --short HEAD 2>/dev/null || true)"
    for row in "${figures[@]}"; do
        printf '%s\n' "$separator"
        awk -F'|' '{ printf "    {\"name\": \"%s\", \"unit\": \"%s\", \"target\": %s, \"n\": %s, \"min\": %s, \"median\": %s, \"max\": %s}", $1, $2, ($3 == "-" ? "null" : $3), $4, $5, $6, $7 }' <<<"$row"
        separator=,
    done
    printf '\n  ],\n  "ratios": ['; separator=''
    for row in "${ratios[@]}"; do
        printf '%s\n' "$separator"
        awk -F'|' '{ printf "    {\"name\": \"%s\", \"value\": %s, \"relation\": \"%s\", \"target\": %s}", $1, $2, $3, ($4 == "-" ? "null" : $4) }' <<<"$row"
        separator=,
    done
    printf '\n  ]\n}\n'
}
