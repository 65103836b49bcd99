#!/bin/sh
# after-start.sh PID: runs alongside K3s, the process PID, until the node has started, and then writes the file that the startup probe looks at. No time
# limit of a probe ends it.
set -u

STATE=${STATE:-/run/cdk8s-sysbox}
directory=$(dirname "$0")

said=
until why=$(sh "$directory/started.sh" 2>&1); do
  [ "$why" = "$said" ] || echo "$(date -u +%H:%M:%S) not started yet: $why"
  said=$why
  sleep "${PAUSE:-3}"
  kill -0 "$1" 2>/dev/null || exit 0
done
[ -z "$why" ] || echo "$why"
mkdir -p "$STATE"
: >"$STATE/started"
