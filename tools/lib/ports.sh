# ports.sh - is a port free, and if not, who has it. Sourced, never run.
# shellcheck shell=bash

# port_holder tcp|udp PORT - prints "program (pid N)" of who listens there;
# fails when nobody does.
port_holder() {
    local line flag=-t
    [[ $1 == udp ]] && flag=-u
    line=$(ss -Hlnp "$flag" "sport = :$2" 2>/dev/null | head -n 1)
    [[ -n $line ]] || return 1
    if [[ $line =~ \(\(\"([^\"]+)\",pid=([0-9]+) ]]; then
        printf '%s (pid %s)' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    else
        printf 'another process (of another user)'
    fi
}

# port_need tcp|udp PORT WHAT OPTION - complain into $busy when it is taken.
port_need() {
    local holder
    if holder=$(port_holder "$1" "$2"); then
        busy+=("$3 needs ${1^^} port $2, but $holder has it: end that process," \
            "  or choose another port: ./run $4 N")
    fi
}

# first_address - an address of this host that others can use.
first_address() {
    local address
    for address in $(hostname -I 2>/dev/null); do
        [[ $address == *:* ]] || { printf '%s' "$address" && return; }
    done
    printf '127.0.0.1'
}
