#!/bin/bash
# run.sh - plays the SIPp scenarios of this folder against the signaling worker.
#   run.sh BIN_DIR [rig|bus]
# rig: the worker's SIP side and a fake roompool in one process; bus: the real
# parley-signaling and the fake roompool as a program, over ZeroMQ.
# Environment: SIP_TEST_PORT (default 25060; the ports up to +3 are used).
set -u
bin=$(cd "${1:?folder of the binaries}" && pwd)
mode=${2:-bus}
here=$(cd "$(dirname "$0")" && pwd)
port=${SIP_TEST_PORT:-25060}
uac_port=$((port + 1))
uas_port=$((port + 2))
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

# wait_for TEXT [SECONDS]: until the fake roompool has said a matching line.
wait_for() {
    local end=$((SECONDS + ${2:-10}))
    until grep -Eq -- "$1" "$dir/events"; do
        [ $SECONDS -ge $end ] && { echo "no line '$1' came"; return 1; }
        read -rt 0.05 <> <(:) || :
    done
}

# start KEY=VALUE..: the worker with these settings.
start() {
    local common=("udp_listen=127.0.0.1:$port" "tcp_listen=127.0.0.1:$port"
        "outbound_allow=127.0.0.0/8 localhost" rate_per_source=10000
        rate_total=10000)
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
        local flags=("--bus=ipc://$dir/bus" "--run_dir=$dir" --drain_ms=3000)
        for s in "${common[@]}" "$@"; do flags+=("--$s"); done
        "$bin/parley-signaling" "${flags[@]}" 2>"$dir/log" &
        worker=$!
    fi
    wait_for '^hello' 10
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
    local name=$1 transport=$2
    shift 2
    (cd "$dir" && timeout 60 sipp "127.0.0.1:$port" -sf "$dir/$name.xml" \
        -t "$transport" -i 127.0.0.1 -nostdin -m 1 -timeout 50 -trace_err \
        -error_file "$dir/$name.errors.log" "$@" >"$dir/$name.out" 2>&1)
}

# uac SCENARIO USER [EXPECTED LINE]: SIPp calls us.
uac() {
    for transport in ${transports:-u1 t1}; do
        : >"$dir/events"
        cp "$here/$1.xml" "$dir/$1.xml"
        sipp_run "$1" "$transport" -s "$2" -p "$uac_port" \
            -auth_uri "$2@127.0.0.1:$port"
        local rc=$?
        [ $rc = 0 ] && [ -n "${3:-}" ] && { wait_for "$3"; rc=$?; }
        result $rc "$1 $2 $transport"
    done
}

refused() { # user, status
    for transport in ${transports:-u1 t1}; do
        sed "s/@STATUS@/$2/" "$here/uac_refused.xml" >"$dir/uac_refused.xml"
        sipp_run uac_refused "$transport" -s "$1" -p "$uac_port"
        result $? "uac_refused $1 $2 $transport"
    done
}

# uas SCENARIO "COMMANDS" LINE [ARGUMENTS OF start]: we call SIPp. Each command
# is given after the line before it was seen: "LINE=>command". In the arguments
# @PARAM@ is the transport parameter.
uas() {
    local name=$1 commands=$2 line=$3 ring=${4:-}
    for transport in ${transports:-u1 t1}; do
        : >"$dir/events"
        cp "$here/$name.xml" "$dir/$name.xml"
        sipp_run "$name" "$transport" -p "$uas_port" &
        local sipp=$! rc=0 param=
        [ "$transport" = t1 ] && param=';transport=tcp'
        until ss -Hlnut "sport = :$uas_port" | grep -q .; do
            kill -0 $sipp 2>/dev/null || break
        done
        echo "start sip:bob@127.0.0.1:$uas_port$param ${ring//@PARAM@/$param}" >&9
        while [ -n "$commands" ] && IFS='>' read -r after command; do
            wait_for "${after%=}" || rc=1
            echo "$command" >&9
        done <<<"$commands"
        wait $sipp || rc=1
        wait_for "$line" || rc=1
        result $rc "$name $transport"
    done
}

# registrar SCENARIO WORDS LINE: we register with SIPp.
registrar() {
    for transport in ${transports:-u1 t1}; do
        : >"$dir/events"
        cp "$here/$1.xml" "$dir/$1.xml"
        sipp_run "$1" "$transport" -p "$uas_port" &
        local sipp=$! rc=0 param=
        [ "$transport" = t1 ] && param=';transport=tcp'
        until ss -Hlnut "sport = :$uas_port" | grep -q .; do
            kill -0 $sipp 2>/dev/null || break
        done
        echo "register registrar=sip:telco.example aor=sip:+49301@telco.example" \
            "next_hop=sip:127.0.0.1:$uas_port$param contact=c-1 id=reg-$transport $2" >&9
        wait_for "$3" || rc=1
        wait $sipp || rc=1
        result $rc "$1 $transport"
    done
}

start || exit 1
uac uac_basic lobby '^ended .* 0 -'
uac uac_offerless lobby '^confirmed .* sdp 1'
uac uac_cancel ring '^ended .* 487'
uac uac_late_cancel lobby '^ended'
uac uac_hold lobby '^offer '
uac uac_info lobby '^dtmf .* #'
transports=t1 uac uac_no_ack lobby '^ended'
transports=u1 uac uac_slow_ack lobby '^ended'
uac uac_hung_up_on hangup '^ended'
uac uac_options lobby
uac uac_timer lobby '^ended'
uac uac_100rel early '^ended'
transports=u1 uac uac_no_prack ring '^ended .* 504'
uac uac_update early '^ended'
uac uac_methods lobby
refused busy 486
refused nobody 404
refused media 488
refused forbidden 403
refused full 503
refused decline 603
refused silent 503
uas uas_answer '^answered=>end' '^ended .* 0 test over'
transports=t1 uas uas_again '^answered=>end' '^ended'
uas uas_busy '' '^ended .* 486'
uas uas_ring '' '^ended .* 480' 1500
uas uas_early '^answered=>end' '^early-media .* sdp 1'
uas uas_reinvite '^answered=>offer
^offer-answered=>end' '^ended'
uas uas_glare '^answered=>offer
^offer-answered=>end' '^ended'
uas uas_100rel '^answered=>end' '^ended'
uas uas_update '' '^ended'
uas uas_timer '^answered=>end' '^ended'
uas uas_bye '' '^ended'
registrar uas_register 'cseq=5 expires=30 user=301 password=secret' \
    '^registered 120 cseq 7 .* route <sip:edge.example;lr> uris <sip:\+49301@'
uas uas_service_route '^answered=>end' '^ended' \
    "30000 route=<sip:orig@127.0.0.1:$uas_port@PARAM@;lr>,<sip:next.example;lr>"
uas uas_identity '^answered=>end Q.850;cause=16' '^ended' \
    '30000 to_name=Ben identity=sip:+49301@telco.example kind=1 wants=1'
uas uas_cause '^queued=>' '^ended .* 486 User busy .* cause Q.850;cause=17' '30000 wants=2'
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
