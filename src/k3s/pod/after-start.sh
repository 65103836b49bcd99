#!/bin/sh
# after-start.sh PID: runs alongside K3s, the process PID, until the node has started, and then writes the file that the startup probe looks at. No time
# limit of a probe ends it.
set -u

STATE=${STATE:-/run/cdk8s-sysbox}
directory=$(dirname "$0")

said=
while
  began=$(date +%s)
  ! why=$(sh "$directory/started.sh" 2>&1)
do
  [ "$why" = "$said" ] || echo "$(date -u +%H:%M:%S) not started yet: $why"
  said=$why
  # A look that is slow takes its processors from the start that it waits for: it rests as long as it looked.
  took=$(($(date +%s) - began))
  [ "$took" -gt 0 ] || took=1
  sleep "${PAUSE:-$took}"
  kill -0 "$1" 2>/dev/null || exit 0
done
[ -z "$why" ] || echo "$why"
mkdir -p "$STATE"
: >"$STATE/started"
