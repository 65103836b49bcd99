#!/bin/sh
# Started: known by the address of its pod, its member of etcd by name where there are several servers, ready once, and uncordoned
# if it was our stop.sh that cordoned it.
set -eu
. "$(dirname "$0")/nested-kubectl.sh"

fail() {
  echo "$1" >&2
  exit 1
}

# takes_pods: for an ephemeral cluster, whose node never had another address, and which nobody has cordoned. K3s starts the kubelet when
# the API server is ready (pkg/executor/embed), so before the kubelet's health has its port there is nothing to ask. Then one kubectl
# waits, where looks would start one after the other. No pod can be created in a namespace before its default ServiceAccount is.
takes_pods() {
  listens 10248 || fail "the kubelet has not started"
  why=$(kubectl --kubeconfig "$NODE_KUBECONFIG" wait "node/$NODE_NAME" --for=condition=Ready --timeout=60s 2>&1) ||
    case $why in
      # ready.sh says why the node is not Ready
      *'timed out'*) exec sh "$(dirname "$0")/ready.sh" ;;
      *) fail "$why" ;;
    esac
  nested_kubectl get serviceaccount default -o name >/dev/null
}

if [ "$NODE_ROLE" = ephemeral ]; then
  takes_pods
  exit
fi
api_listens || fail "nothing listens at the API server's port"
[ -z "${MEMBER_NAME:-}" ] || sh "$(dirname "$0")/member.sh"
announce_address nested_kubectl
sh "$(dirname "$0")/ready.sh"
open_node
