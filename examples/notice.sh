#!/usr/bin/env bash
# Says something, and waits until another peer has it on disk: examples/notice.sh "build 17: failed" --name ci --port 5004
jq -nc --arg text "$1" '({method: "subscribe", params: {rooms: []}}, {method: "say", params: {$text, auto: true}}) | {jsonrpc: "2.0"} + .' |
    tcpchat "${@:2}" --console json | jq -en 'first(inputs | select(.method == "delivered" and .params.held > 0).params)'
