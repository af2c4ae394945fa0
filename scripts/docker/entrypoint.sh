#!/bin/sh
# Starts madrpc-actor with the arguments given. A node tells the orchestrator the host name of its own container, which the
# network of a compose project resolves, unless MADRPC_PUBLIC_URL says otherwise.
set -eu
if [ "${1:-}" = node ]; then
    MADRPC_PUBLIC_URL="${MADRPC_PUBLIC_URL:-http://$(hostname):9001}"
    export MADRPC_PUBLIC_URL
fi
exec madrpc-actor "$@"
