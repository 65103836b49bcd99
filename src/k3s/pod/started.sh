#!/bin/sh
# Started: its member of etcd known by name where there are several servers, ready once, and open again for pods if it was
# our stop.sh that closed it.
set -eu
. "$(dirname "$0")/nested-kubectl.sh"

[ -z "${MEMBER_NAME:-}" ] || sh "$(dirname "$0")/member.sh"
sh "$(dirname "$0")/ready.sh"
open_node
