# ui.sh - how the scripts talk to people. Sourced, never run.
# shellcheck shell=bash

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    UI_BOLD=$'\e[1m' UI_RED=$'\e[31m' UI_GREEN=$'\e[32m' UI_DIM=$'\e[2m'
    UI_OFF=$'\e[0m'
else
    UI_BOLD='' UI_RED='' UI_GREEN='' UI_DIM='' UI_OFF=''
fi

say() { printf '%s\n' "$@"; } # a line each
step() { printf '%s==>%s %s\n' "$UI_BOLD" "$UI_OFF" "$*"; }
good() { printf '%s%s%s\n' "$UI_GREEN" "$*" "$UI_OFF"; }
dim() { printf '%s%s%s\n' "$UI_DIM" "$*" "$UI_OFF"; }
warn() { printf '%s%s%s\n' "$UI_RED" "$*" "$UI_OFF" >&2; }

# die TEXT.. - say what is wrong and what to do, then end with 1.
die() {
    local line
    for line in "$@"; do
        warn "$line"
    done
    exit 1
}

# show_tail FILE [LINES] - the end of a log, indented.
show_tail() {
    tail -n "${2:-25}" -- "$1" 2>/dev/null | sed 's/^/    /' >&2
}
