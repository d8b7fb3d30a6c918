# packages.sh - Debian packages that a script needs. Sourced, never run.
# shellcheck shell=bash

# packages_listed LIST.. - names in tools/packages/LIST.txt, one a line.
packages_listed() {
    local list
    for list in "$@"; do
        sed -e 's/#.*//' -e '/^[[:space:]]*$/d' \
            "$PARLEY_ROOT/tools/packages/$list.txt"
    done
}

# package_satisfied NAME - installed, or (for tools that people also install
# from elsewhere) its command is there.
package_satisfied() {
    local state
    state=$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)
    [[ $state == installed ]] && return 0
    case $1 in
    nodejs) command -v node >/dev/null ;;
    npm | cmake | clang) command -v "$1" >/dev/null ;;
    ninja-build) command -v ninja >/dev/null ;;
    *) return 1 ;;
    esac
}

packages_missing() {
    local name
    while read -r name; do
        package_satisfied "$name" || printf '%s\n' "$name"
    done < <(packages_listed "$@")
}

# packages_need LIST.. - install what is missing; nothing to do takes no time.
packages_need() {
    local missing
    mapfile -t missing < <(packages_missing "$@")
    ((${#missing[@]} == 0)) && return 0
    if ! command -v apt-get >/dev/null; then
        die "These Debian 12 packages are missing: ${missing[*]}" \
            "There is no apt-get here: install their equivalents by hand."
    fi
    if ((EUID != 0)); then
        die "These packages are missing: ${missing[*]}" \
            "Install them (as root), then start again:" \
            "    apt-get install -y ${missing[*]}"
    fi
    step "installing ${#missing[@]} packages: ${missing[*]}"
    mkdir -p "$PARLEY_ROOT/build"
    local log=$PARLEY_ROOT/build/apt.log
    if ! { DEBIAN_FRONTEND=noninteractive apt-get update -q &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
            --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        show_tail "$log" 15
        die "apt-get could not install them (the lines above; all of it: $log)." \
            "Check the network and /etc/apt/sources.list (Debian 12 main)," \
            "or install by hand: apt-get install ${missing[*]}"
    fi
}
