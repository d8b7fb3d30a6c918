#!/bin/bash
# run.sh - plays the SIPp scenarios of this folder against the signaling worker.
#   run.sh BIN_DIR [rig|bus]
# rig: the worker's SIP side and a fake roompool in one process; bus: the real
# parley-signaling and the fake roompool as a program, over ZeroMQ.
# Environment: SIP_TEST_PORT (default 32060; the ports up to +4 are used).
# SIP_TEST_SEED: play them over a bad network, of that seed: UDP only, through
# udp_relay, which delays, reorders and doubles; lossy.sh adds the loss.
set -u
bin=$(cd "${1:?folder of the binaries}" && pwd)
mode=${2:-bus}
here=$(cd "$(dirname "$0")" && pwd)
port=${SIP_TEST_PORT:-32060}
uac_port=$((port + 1))
uas_port=$((port + 2))
to_us=$port to_sipp=$uas_port calls=1 uac_calls=1
ip=127.0.0.1 local_ip=127.0.0.1 # SIPp writes the latter without brackets
patience=() held=() bearable=0 tries=1
uac_over='u1 t1' uas_over='u1 t1' early='^early-media .* sdp 1' queued='^queued=>'
seed=${SIP_TEST_SEED:-}
dir=$(mktemp -d)
fake='' worker=''
failed=0 passed=0

stop() {
    local code=0
    if [ -n "$worker" ]; then
        kill "$worker" 2>/dev/null
        wait "$worker" || code=$?
    fi
    if [ -n "$fake" ]; then
        echo quit >&9
        wait "$fake" || code=$?
    fi
    worker='' fake=''
    exec 9>&-
    return $code
}
cleanup() {
    [ -n "$worker" ] && kill "$worker" 2>/dev/null
    [ -n "$fake" ] && kill "$fake" 2>/dev/null
    rm -rf "$dir"
}
trap cleanup EXIT

# wait_for TEXT: until the fake roompool has said a matching line.
wait_for() {
    local end=$((SECONDS + 30))
    until grep -Eq -- "$1" "$dir/events"; do
        [ $SECONDS -ge $end ] && { echo "no line '$1' came"; return 1; }
        read -rt 0.05 <> <(:) || :
    done
}

# relay FROM TO: a bad network between the two, until the test ends.
relay() {
    local fd
    exec {fd}> >("$bin/udp_relay" "$1" "$2" "seed=$seed" delay=1 jitter=30 \
        duplicate=20 >>"$dir/relay")
    held+=("$fd") # it ends with its input
    until ss -Hlnu "sport = :$1" | grep -q .; do :; done
}

# scenario NAME: put it into $dir. Over a bad network SIPp must repeat its final
# answers until their ACK, and stay a while for requests that come again.
scenario() {
    if [ -z "$seed" ]; then
        cp "$here/$1.xml" "$dir/$1.xml"
    else
        python3 "$here/patient.py" <"$here/$1.xml" >"$dir/$1.xml"
    fi
}

# start KEY=VALUE..: the worker with these settings.
start() {
    local common=("udp_listen=127.0.0.1:$port [::1]:$port"
        "tcp_listen=127.0.0.1:$port [::1]:$port"
        "outbound_allow=127.0.0.0/8 ::1/128 localhost" rate_per_source=10000
        rate_total=10000 overload_target_ms=0)
    rm -f "$dir/in" "$dir/bus"
    mkfifo "$dir/in"
    exec 9<>"$dir/in"
    : >"$dir/events"
    if [ "$mode" = rig ]; then
        "$bin/fake_pool" --rig "${common[@]}" "$@" \
            <"$dir/in" >"$dir/events" 2>"$dir/log" &
        fake=$!
    else
        "$bin/fake_pool" "ipc://$dir/bus" <"$dir/in" >"$dir/events" 2>"$dir/fake.log" &
        fake=$!
        local flags=("--bus=ipc://$dir/bus" "--run_dir=$dir" --drain_ms=3000
            --beats_missed=40)
        for s in "${common[@]}" "$@"; do flags+=("--$s"); done
        "$bin/parley-signaling" "${flags[@]}" 2>"$dir/log" &
        worker=$!
    fi
    wait_for '^hello'
}

result() {
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
        echo "ok      $2"
    else
        failed=$((failed + 1))
        echo "FAILED  $2"
        tail -n 30 "$dir"/*errors.log "$dir/log" 2>/dev/null
    fi
    rm -f "$dir"/*errors.log
}

sipp_run() { # name, transport, arguments..
    local name=$1 transport=$2 code=0 lost
    shift 2
    (cd "$dir" && timeout 60 sipp "$ip:$to_us" -sf "$dir/$name.xml" \
        -t "$transport" -i "$local_ip" -nostdin -m "$calls" -timeout 50 -trace_err \
        -error_file "$dir/$name.errors.log" "${patience[@]}" "$@" \
        >"$dir/$name.out" 2>&1) || code=$?
    [ $code = 1 ] || return $code
    lost=$(sed -n 's/^ *Failed call .*| *\([0-9]*\) *$/\1/p' "$dir/$name.out" | tail -n 1)
    [ "${lost:-$calls}" -le "$bearable" ]
}

# uac SCENARIO USER [EXPECTED LINE]: SIPp calls us.
uac() {
    for transport in ${transports:-$uac_over}; do
        : >"$dir/events"
        scenario "$1"
        calls=$uac_calls sipp_run "$1" "$transport" -s "$2" \
            -p "$uac_port" -r 50 -auth_uri "$2@$ip:$port"
        local rc=$?
        [ $rc = 0 ] && [ -n "${3:-}" ] && { wait_for "$3"; rc=$?; }
        result $rc "$1 $2 $transport $ip"
    done
}

refused() { # user, status
    for transport in ${transports:-$uac_over}; do
        [ -n "$seed" ] && break # nothing in it but one answer
        sed "s/@STATUS@/$2/" "$here/uac_refused.xml" >"$dir/uac_refused.xml"
        sipp_run uac_refused "$transport" -s "$1" -p "$uac_port"
        result $? "uac_refused $1 $2 $transport"
    done
}

# called SCENARIO FUNCTION ARGUMENTS..: SIPp waits to be called; the function makes
# us call it and says whether all went well.
called() {
    local name=$1 rc try
    shift
    scenario "$name"
    for transport in ${transports:-$uas_over}; do
        rc=1 param=
        [ "$transport" = t1 ] && param=';transport=tcp'
        for ((try = 0; try < tries && rc != 0; try++)); do
            rc=0
            : >"$dir/events"
            sipp_run "$name" "$transport" -p "$uas_port" &
            local sipp=$!
            until ss -Hlnut "sport = :$uas_port" | grep -q .; do
                kill -0 $sipp 2>/dev/null || break
            done
            "$@" || rc=1
            wait $sipp || rc=1
        done
        result $rc "$name $transport $ip"
    done
}

# uas SCENARIO "COMMANDS" LINE [ARGUMENTS OF start]: we call SIPp. Each command
# is given after the line before it was seen: "LINE=>command". In the arguments
# @PARAM@ is the transport parameter.
uas() { called "$1" call "$2" "$3" "${4:-}"; }

call() {
    local commands=$1 after command rc=0
    echo "start sip:bob@$ip:$to_sipp$param ${3//@PARAM@/$param}" >&9
    while [ -n "$commands" ] && IFS='>' read -r after command; do
        wait_for "${after%=}" || rc=1
        echo "$command" >&9
    done <<<"$commands"
    wait_for "$2" || rc=1
    return $rc
}

# registrar SCENARIO WORDS LINE: we register with SIPp.
registrar() { called "$1" register "$2" "$3"; }

register() {
    echo "register registrar=sip:telco.example aor=sip:+49301@telco.example" \
        "next_hop=sip:127.0.0.1:$to_sipp$param contact=c-1 id=reg-$transport $1" >&9
    wait_for "$2"
}

if [ -n "$seed" ]; then
    to_us=$((port + 3)) to_sipp=$((port + 4))
    relay $to_us "$port"
    relay $to_sipp $uas_port
    # SIPp passes over what comes out of turn, as a telephone would.
    patience=(-default_behaviors 'all,-abortunexp')
    uac_calls=20 uac_over=u1 uas_over=u1
    early='^ended' queued='' # these are sent once
    # It stumbles over what a telephone would bear.
    bearable=3 tries=3
fi

start || exit 1
uac uac_basic lobby '^ended .* 0 -'
uac uac_offerless lobby '^confirmed .* sdp 1'
uac uac_cancel ring '^ended .* 487'
uac uac_late_cancel lobby '^ended'
uac uac_hold lobby '^offer '
uac uac_info lobby '^dtmf .* #'
[ -n "$seed" ] || transports=t1 uac uac_no_ack lobby '^ended'
transports=u1 uac uac_slow_ack lobby '^ended'
uac uac_hung_up_on hangup '^ended'
uac uac_options lobby
uac uac_timer lobby '^ended'
# These need provisional answers that a 200 may overtake when one is lost;
# component tests lose messages there.
[ -n "$seed" ] || uac uac_100rel lingering '^ended'
[ -n "$seed" ] || transports=u1 uac uac_no_prack ring '^ended .* 504'
[ -n "$seed" ] || uac uac_update lingering '^ended'
uac uac_methods lobby
uac uac_refer_blind lobby '^ended'
uac uac_refer_attended lobby '^refer .* ours '
uac uac_refer_refused lobby '^ended'
# SIPp knows one peer tag: a late 180 of the first call has it ask in the wrong
# dialog.
[ -n "$seed" ] || uac uac_replaces lobby '^incoming .* replaces '
refused busy 486
refused nobody 404
refused media 488
refused forbidden 403
refused full 503
refused decline 603
refused silent 503
uas uas_answer '^answered=>end' '^ended .* 0 test over'
[ -n "$seed" ] || transports=t1 uas uas_again '' '^ended'
uas uas_busy '' '^ended .* 486'
uas uas_ring '' '^ended .* 480' 1500
uas uas_early '^answered=>end' "$early"
uas uas_reinvite '^answered=>offer
^offer-answered=>end' '^ended'
uas uas_glare '^answered=>offer
^offer-answered=>end' '^ended'
uas uas_100rel '^answered=>end' '^ended'
uas uas_update '' '^ended'
uas uas_timer '^answered=>end' '^ended'
uas uas_bye '' '^ended'
uas uas_refer '^answered=>transfer sip:other@127.0.0.1' '^transferred'
if [ -z "$seed" ]; then
    ip='[::1]' local_ip='::1'
    uac uac_basic lobby '^ended .* 0 -'
    uac uac_cancel ring '^ended .* 487'
    uac uac_hold lobby '^offer '
    uas uas_answer '^answered=>end' '^ended .* 0 test over'
    uas uas_100rel '^answered=>end' '^ended'
    ip=127.0.0.1 local_ip=127.0.0.1
fi
registrar uas_register 'cseq=5 expires=30 user=301 password=secret' \
    '^registered 120 cseq 7 .* route <sip:edge.example;lr> uris <sip:\+49301@'
uas uas_service_route '^answered=>end' '^ended' \
    "30000 route=<sip:orig@127.0.0.1:$to_sipp@PARAM@;lr>,<sip:next.example;lr>"
uas uas_identity '^answered=>end Q.850;cause=16' '^ended' \
    '30000 to_name=Ben identity=sip:+49301@telco.example kind=1 wants=1'
uas uas_cause "$queued" '^ended .* 486 User busy .* cause Q.850;cause=17' '30000 wants=2'
echo "start sip:bob@192.0.2.1" >&9
wait_for '^refused not allowed'
result $? "outbound destination not allowed"
stop
result $? "clean end"

printf 'alice:parley:%s\n' "$(printf alice:parley:secret | md5sum | cut -c1-32)" >"$dir/users"
start inbound=digest digest_algorithms=md5 "users_file=$dir/users" || exit 1
uac uac_digest lobby '^incoming .* authenticated'
uac uac_digest_wrong lobby
stop
result $? "clean end"

echo trunkpass >"$dir/password"
start client_user=trunkuser "client_password_file=$dir/password" \
    client_realm=trunk client_peer=127.0.0.1 || exit 1
uas uas_digest '^answered=>end' '^ended'
stop
result $? "clean end"

start follow_redirects=true || exit 1
uas uas_redirect '^answered=>end' '^ended'
stop
result $? "clean end"

start session_expires_s=4 min_se_s=2 || exit 1
uas uas_refreshed '' '^ended .* 408'
stop
result $? "clean end"

start trusted_networks=127.0.0.0/8 inbound=listed || exit 1
uac uac_identity lobby '^ended .* cause Q.850;cause=16'
stop
result $? "clean end"

start inbound=listed allowed_networks=192.0.2.0/24 || exit 1
refused lobby 403
stop
result $? "clean end"

echo "$passed passed, $failed failed"
[ $failed = 0 ]
