#!/bin/sh
# Ready: a server whose API server says so, an agent whose node the API server sees as Ready, a cluster for a test run that is both
# and takes pods.
set -eu
. "$(dirname "$0")/nested-kubectl.sh"

server() { nested_kubectl get --raw /readyz >/dev/null; }

agent() { node_is_ready "node/$NODE_NAME"; }

# node_is_ready OBJECT...: whether all of them exist and the node among them is Ready, with one kubectl.
node_is_ready() {
  status=$(nested_kubectl get "$@" -o 'jsonpath={..conditions[?(@.type=="Ready")].status} {..conditions[?(@.type=="Ready")].message}') || return 1
  case $status in
    'True '*) ;;
    *)
      echo "node $NODE_NAME is not Ready: ${status#* }" >&2
      return 1
      ;;
  esac
}

# No pod can be created in a namespace before its default ServiceAccount is. The API server is ready before the others, so it is asked last.
ephemeral() { node_is_ready serviceaccount/default "node/$NODE_NAME" && server; }

"$NODE_ROLE"
