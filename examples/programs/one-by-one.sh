#!/usr/bin/env bash
# A stage in bash (5 or newer): one page after the other, with nothing but what the shell has.
# docs/protocol.md explains the protocol.
#
#     stage-runner --program "bash=bash examples/programs/one-by-one.sh" --stage blocking,bash
#
# Of a name with several addresses it tries the first alone.
# It says nothing of what it cost: the runner tells what it saw from outside. It keeps no deadline
# while it receives a body, and reads bodies only to their end, as `Connection: close` allows.

job=$(cat)
began=${EPOCHREALTIME/[.,]/}
deadline=$(sed 's/.*"deadline_us":\([0-9]*\).*/\1/' <<<"$job")
seconds=$((deadline / 1000000)).$(printf %06d $((deadline % 1000000)))

# Real programs read JSON with a library; the runner writes these four in this order.
targets=$(grep -o '"url":"[^"]*","host":"[^"]*","path":"[^"]*","address":"[^"]*"' <<<"$job")

tell() { # what, then status or error
    echo "{\"outcome\":{\"target\":$target,\"by\":\"main\",$1,\"started_us\":$started," \
        "\"connected_us\":${connected:-null},\"sent_us\":${sent:-null}," \
        "\"first_byte_us\":${first_byte:-null},\"finished_us\":$((${EPOCHREALTIME/[.,]/} - began))}}"
}

fail() { # kind, words
    tell "\"status\":null,\"error\":{\"kind\":\"$1\",\"message\":\"$2\"}"
}

fetch() { # host, path, address
    if ! exec 3<>"/dev/tcp/${3%:*}/${3##*:}"; then
        fail connect "cannot connect to $3"
        return
    fi 2>/dev/null
    connected=$((${EPOCHREALTIME/[.,]/} - began))
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$2" "$1" >&3
    sent=$((${EPOCHREALTIME/[.,]/} - began))

    local version status words line length
    while # until the final head: an interim (1xx) one may come before it
        IFS=' ' read -r -t "$seconds" version status words <&3
        case $?,$version in
            0,HTTP/*) first_byte=$((${EPOCHREALTIME/[.,]/} - began)) ;;
            0,*) fail malformed "no HTTP"; return ;;
            1,*) fail empty-reply "no answer"; return ;;
            *) fail timeout "no answer within $seconds s"; return ;;
        esac
        status=${status%$'\r'}
        while IFS= read -r -t "$seconds" line <&3 && [[ $line != $'\r' ]]; do
            # Only digits: the shell would run what else it finds in an arithmetic expression.
            [[ ${line,,} =~ ^content-length:[[:space:]]*0*([0-9]{1,15})[[:space:]]*$ ]] &&
                length=${BASH_REMATCH[1]}
        done
        [[ $status == 1[0-9][0-9] && $status != 101 ]]
    do :; done
    if [[ $status != [2-5][0-9][0-9] ]]; then
        fail malformed "the status is not one of a page"
        return
    fi
    local bytes=$(($(wc -c <&3)))
    if ((bytes < ${length:-bytes})); then
        fail truncated "$bytes bytes of $length"
    else
        tell "\"status\":$status,\"bytes\":$bytes"
    fi
}

target=0
while IFS='"' read -r _ _ _ _ _ _ _ host _ _ _ path _ _ _ address _; do
    started=$((${EPOCHREALTIME/[.,]/} - began)) connected='' sent='' first_byte=''
    fetch "$host" "$path" "$address"
    exec 3>&-
    target=$((target + 1))
done < <(echo "$targets")
