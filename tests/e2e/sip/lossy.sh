#!/bin/bash
# lossy.sh - plays the SIPp scenarios over bad networks: in network namespaces
# of their own, where nft drops one UDP packet in 20 and udp_relay delays,
# reorders and doubles them.
#   lossy.sh BIN_DIR [SEED..]
# Needs root. One namespace a seed, side by side: they wait more than they work.
set -u
bin=$(cd "${1:?folder of the binaries}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
shift
[ $# -gt 0 ] || set -- 1 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Each packet passes the chain twice, before and behind the relay.
rules='
table inet bad {
    chain loses {
        type filter hook input priority 0;
        meta l4proto udp numgen random mod 1000 < 25 counter drop
    }
}'
pids=()
for seed in "$@"; do
    # shellcheck disable=SC2016 # its own "$1"
    SIP_TEST_SEED=$seed unshare --net bash -c '
        ip link set lo up && nft "$1" && "$2/run.sh" "$3" bus
        code=$?
        nft list ruleset | grep -o "packets [0-9]*" | sed "s/^/lost /"
        exit $code' - "$rules" "$here" "$bin" >"$dir/$seed" 2>&1 &
    pids+=($!)
done
failed=0
for pid in "${pids[@]}"; do
    wait "$pid" || failed=$((failed + 1))
done
for seed in "$@"; do
    echo "== seed $seed"
    cat "$dir/$seed"
done
echo "$(($# - failed)) passed, $failed failed"
[ $failed = 0 ]
