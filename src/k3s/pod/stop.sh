#!/bin/sh
# Before K3s is stopped: closes the node for new pods and evicts those it has, so that they end in their own time and
# PodDisruptionBudgets hold. Containers that are still there are killed with the pod.
# `kubectl drain` is of no use here: it reads DaemonSets, which a kubelet may not.
set -u
. "$(dirname "$0")/nested-kubectl.sh"

DEADLINE=$(($(monotonic) + DRAIN_SECONDS))
PODS=$(mktemp)
trap 'rm -f "$PODS"' EXIT

# evictable: namespace and name, one per line. Pods of a DaemonSet come back immediately, static pods are files.
evictable() {
  nested_kubectl get pods --all-namespaces --field-selector="spec.nodeName=$NODE_NAME" --no-headers \
    -o 'custom-columns=N:.metadata.namespace,P:.metadata.name,O:.metadata.ownerReferences[0].kind,S:.status.phase' >"$PODS" || return 1
  awk '$3 != "DaemonSet" && $3 != "Node" && $4 != "Succeeded" && $4 != "Failed" { print $1, $2 }' "$PODS"
}

# evict NAMESPACE NAME: refused ones, above all by a PodDisruptionBudget, are asked again.
evict() {
  printf '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"namespace":"%s","name":"%s"}}' "$1" "$2" |
    nested_kubectl create --raw "/api/v1/namespaces/$1/pods/$2/eviction" -f - >/dev/null
}

close_node || {
  sleep "${PAUSE:-2}"
  close_node
} || {
  say "the API server does not answer: nothing is drained"
  exit 0
}
while [ "$(monotonic)" -lt "$DEADLINE" ]; do
  if pods=$(evictable); then
    [ -n "$pods" ] || exit 0
    echo "$pods" | while read -r namespace name; do evict "$namespace" "$name"; done
  fi
  sleep "${PAUSE:-2}"
done
say "still running after $DRAIN_SECONDS s: ${pods:-unknown}"
