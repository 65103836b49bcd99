#!/bin/sh
# Started: known by the address of its pod, its member of etcd by name where there are several servers, ready once, and uncordoned
# if it was our stop.sh that cordoned it.
set -eu
. "$(dirname "$0")/nested-kubectl.sh"

api_listens || {
  echo "nothing listens at the API server's port" >&2
  exit 1
}
# The node of an ephemeral cluster never had another address, and nobody has cordoned it.
[ "$NODE_ROLE" != ephemeral ] || exec sh "$(dirname "$0")/ready.sh"
[ -z "${MEMBER_NAME:-}" ] || sh "$(dirname "$0")/member.sh"
announce_address nested_kubectl
sh "$(dirname "$0")/ready.sh"
open_node
