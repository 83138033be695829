#!/usr/bin/env bash
# A stage in bash (5 or newer): one page after the other, with nothing but what the shell has.
# docs/protocol.md explains the protocol.
#
#     stage-runner --program "bash=bash examples/programs/one-by-one.sh" --stage blocking,bash
#
# It says nothing of what it cost: the runner tells what it saw from outside. It reads bodies only
# to their end, as `Connection: close` allows, and keeps no deadline while it connects.

trap '' PIPE # a server that leaves early ends its page, not this program

job=$(cat)
began=${EPOCHREALTIME/[.,]/}
deadline=$(sed 's/.*"deadline_us":\([0-9]*\).*/\1/' <<<"$job")

# Real programs read JSON with a library; the runner writes these in this order, the last only for a
# name with several addresses.
one='"url":"[^"]*","host":"[^"]*","path":"[^"]*","address":"[^"]*"'
targets=$(grep -oE "$one(,\"addresses\":\[(\"[^\"]*\",?)*\])?" <<<"$job")

tell() { # what, then status or error
    echo "{\"outcome\":{\"target\":$target,\"by\":\"main\",$1,\"started_us\":$started," \
        "\"connected_us\":${connected:-null},\"sent_us\":${sent:-null}," \
        "\"first_byte_us\":${first_byte:-null},\"finished_us\":$((${EPOCHREALTIME/[.,]/} - began))}}"
}

fail() { # kind, words
    tell "\"status\":null,\"error\":{\"kind\":\"$1\",\"message\":\"$2\"}"
}

# Sets `left`, the seconds until the deadline of this fetch, if there are any.
is_in_time() {
    local us=$((began + started + deadline - ${EPOCHREALTIME/[.,]/}))
    printf -v left '%d.%06d' $((us / 1000000)) $((us % 1000000))
    ((us > 0)) || return 142 # which is also what `read` returns when its time has passed
}

connect() { # addresses, in the order in which to try them
    local address name
    for address; do
        name=${address%:*} name=${name#[} name=${name%]}
        exec 3<>"/dev/tcp/$name/${address##*:}" && return
    done 2>/dev/null
    fail connect "cannot connect to $address"
    false
}

fetch() { # host, path, addresses
    connect "${@:3}" || return
    connected=$((${EPOCHREALTIME/[.,]/} - began))
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$2" "$1" >&3 2>/dev/null
    sent=$((${EPOCHREALTIME/[.,]/} - began))

    local version status words line length
    while # until the final head: an interim (1xx) one may come before it
        is_in_time && IFS=' ' read -r -t "$left" version status words <&3
        case $?,$version in
            0,HTTP/*) first_byte=$((${EPOCHREALTIME/[.,]/} - began)) ;;
            0,*) fail malformed "no HTTP"; return ;;
            1,*) fail empty-reply "no answer"; return ;;
            *) fail timeout "no answer within $((deadline / 1000)) ms"; return ;;
        esac
        status=${status%$'\r'}
        while is_in_time && IFS= read -r -t "$left" line <&3 && [[ $line != $'\r' ]]; do
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
    local bytes=0
    if [[ $status == 204 || $status == 304 ]]; then
        length=0 # whatever the head says: these have no body
    elif ! { is_in_time && read -r -t "$left" bytes < <(exec wc -c <&3); }; then
        kill $! 2>/dev/null
        fail timeout "the body did not end within $((deadline / 1000)) ms"
        return
    fi
    if ((bytes < ${length:-bytes})); then
        fail truncated "$bytes bytes of $length"
    else
        tell "\"status\":$status,\"bytes\":$bytes"
    fi
}

target=0
while IFS='"' read -r _ _ _ _ _ _ _ host _ _ _ path _ _ _ address _ _ _ more; do
    started=$((${EPOCHREALTIME/[.,]/} - began)) connected='' sent='' first_byte=''
    more=${more%'"]'}
    IFS=' ' read -ra addresses <<<"${more//'","'/ }"
    fetch "$host" "$path" "${addresses[@]:-$address}"
    exec 3>&-
    target=$((target + 1))
done < <(echo "$targets")
