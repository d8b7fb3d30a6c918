#!/usr/bin/env bash
# counts.sh - count instructions of the mixing engine and compare them.
#
# usage: counts.sh COUNTS_ENGINE COUNTS_TXT [--write]
#
# callgrind counts what runs inside one function. Figures are instructions a
# tick or a packet, rooms of 2, 10 and 50 with three talkers (two in the first),
# Opus and AEAD_AES_128_GCM. They hang on the compiler, the libraries and on
# which of their code the CPU can run; all of that is in the file's first lines.
# On another machine the test skips itself and says so.
set -euo pipefail
engine=$1 file=$2 mode=${3:-}
tolerance=5 # percent
ticks=40

machine() {
    local flags
    flags=$(grep -m1 '^flags' /proc/cpuinfo | tr ' ' '\n' |
        grep -xE 'sse4_1|avx|avx2|fma|aes|pclmulqdq|bmi2|sha_ni' | sort | xargs)
    printf '# cpu %s\n' "$flags"
    printf '# gcc %s\n' "$(gcc -dumpfullversion)"
    printf '# libraries %s\n' "$(ldd "$engine" | awk '{print $3}' |
        grep -E '/lib(opus|crypto|speexdsp|spandsp|c|m)\.so' |
        xargs -n1 readlink -f | xargs -n1 basename | sort | xargs)"
    printf '# valgrind %s\n' "$(valgrind --version)"
}

# count FUNCTION PARTICIPANTS: instructions in all of its calls
count() {
    local out
    out=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        --toggle-collect="$1" "$engine" "$2" "$ticks" 2>&1) || {
        printf '%s\n' "$out" >&2
        return 1
    }
    sed -n 's/^==[0-9]*== Collected : \([0-9]*\)$/\1/p' <<< "$out"
}

measure() {
    local n room total
    machine
    for n in 2 10 50; do
        total=$(count pl_engine_tick "$n")
        printf 'tick_of_%s %s\n' "$n" $((total / ticks))
        room=${room:-}${room:+ }$((total / ticks))
    done
    read -r _ ten fifty <<< "$room"
    printf 'listener_a_tick %s\n' $(((fifty - ten) / 40))
    total=$(count pl_engine_input 50)
    printf 'packet_in %s\n' $((total / ticks / 50))
    total=$(count pl_engine_send_rtp 50)
    printf 'packet_out %s\n' $((total / ticks / 50))
}

if [[ $mode == --write ]]; then
    measure > "$file.new"
    mv "$file.new" "$file"
    cat "$file"
    exit 0
fi
if [[ $(machine) != "$(grep '^#' "$file")" ]]; then
    echo "skipped: the figures are of another CPU, compiler or library:"
    diff <(machine) <(grep '^#' "$file") || true
    exit 77
fi
bad=0
while read -r name now; do
    [[ $name == '#' ]] && continue
    was=$(awk -v n="$name" '$1 == n {print $2}' "$file")
    off=$(((now - was) * 1000 / was))
    printf '%-18s %10s, was %10s: %+d.%d %%\n' "$name" "$now" "$was" \
        $((off / 10)) $((off < 0 ? -off % 10 : off % 10))
    if ((off > tolerance * 10 || off < -tolerance * 10)); then bad=1; fi
done < <(measure)
if ((bad)); then
    cat << EOF
More than $tolerance % off. If it costs more, find out why: valgrind --tool=callgrind
--toggle-collect=pl_engine_tick $engine 50 $ticks, then callgrind_annotate. If that
is meant, or it costs less, renew the figures and say so in the commit:
  tests/bench/counts.sh $engine $file --write
EOF
fi
exit "$bad"
