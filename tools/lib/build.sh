# build.sh - configure and build a preset quietly. Sourced, never run.
# shellcheck shell=bash

# build_preset PRESET [TARGET..] - the result is in build/PRESET.
build_preset() {
    local preset=$1 dir=$PARLEY_ROOT/build/$1 log=$PARLEY_ROOT/build/$1.log
    shift
    mkdir -p "$dir"
    : >"$log"
    if ! (cd "$PARLEY_ROOT" && cmake --preset "$preset") >>"$log" 2>&1; then
        build_failed "configure $preset" "$log"
    fi
    if ! build_ninja "$dir" "$log" "$@"; then
        build_failed "build $preset" "$log"
    fi
}

# Runs ninja; on a terminal one line shows how far it is.
build_ninja() {
    local dir=$1 log=$2
    shift 2
    if [[ ! -t 1 ]]; then
        ninja -C "$dir" "$@" >>"$log" 2>&1
        return
    fi
    local status=0
    NINJA_STATUS='[%f/%t] ' ninja -C "$dir" "$@" 2>&1 | tee -a "$log" |
        while IFS= read -r line; do
            [[ $line == \[* ]] && printf '\r\e[K    %.70s' "$line"
        done
    status=${PIPESTATUS[0]}
    printf '\r\e[K'
    return "$status"
}

build_failed() {
    grep -nE 'error|FAILED|undefined reference|CMake Error' "$2" |
        tail -n 8 | sed 's/^/    /' >&2 || true
    show_tail "$2" 15
    die "Could not $1. All of the output: $2" \
        "If a header or library is missing, install what" \
        "tools/packages/build.txt lists; if the tree is stale: rm -rf build"
}
