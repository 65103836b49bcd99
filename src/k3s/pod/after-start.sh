#!/bin/sh
# after-start.sh PID: runs alongside K3s, the process PID, until the node has started, and then writes the file that the startup probe looks at. No time
# limit of a probe ends it.
set -u

STATE=${STATE:-/run/cdk8s-sysbox}
directory=$(dirname "$0")
. "$directory/nested-kubectl.sh"

said=
while
  began=$(monotonic)
  ! why=$(sh "$directory/started.sh" 2>&1)
do
  [ "$why" = "$said" ] || say "not started yet: $why"
  said=$why
  # A slow check takes processor time from the start that it waits for, so the pause is as long as the check was.
  took=$(($(monotonic) - began))
  [ "$took" -gt 0 ] || took=1
  sleep "${PAUSE:-$took}"
  kill -0 "$1" 2>/dev/null || exit 0
done
[ -z "$why" ] || echo "$why"
mkdir -p "$STATE"
: >"$STATE/started"
