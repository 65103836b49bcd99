#!/bin/sh
# Ready: a server whose API server says so, an agent whose node the API server sees as Ready, a cluster for a test run that is both
# and takes pods.
set -eu
. "$(dirname "$0")/nested-kubectl.sh"

server() { nested_kubectl get --raw /readyz >/dev/null; }

agent() {
  status=$(nested_kubectl get node "$NODE_NAME" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].message}')
  case $status in
    'True '*) ;;
    *)
      echo "node $NODE_NAME is not Ready: ${status#* }" >&2
      return 1
      ;;
  esac
}

# No pod can be created in a namespace before its default ServiceAccount is.
ephemeral() { server && nested_kubectl get serviceaccount default >/dev/null && agent; }

"$NODE_ROLE"
