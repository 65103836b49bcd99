# Moves this node's system pods away before the daemons under them are restarted: a restart wipes their data.
# shellcheck shell=sh

system_pods() {
  api GET "/api/v1/pods?fieldSelector=spec.nodeName%3D$NODE_NAME" |
    jq -r --arg class "$RUNTIME_CLASS" '.items[] | select(.spec.runtimeClassName == $class)
      | select(.status.phase != "Succeeded" and .status.phase != "Failed")
      | [.metadata.namespace, .metadata.name, (.metadata.ownerReferences // [] | length | tostring)] | join(" ")'
}

# drain: evictions, so PodDisruptionBudgets hold. A pod without an owner would not come back: it is its owner's to delete.
drain() {
  taint on || return 1
  waited=0
  while :; do
    alive
    pods=$(system_pods) || { sleep 5; continue; }
    [ -n "$pods" ] || return 0
    bare=$(echo "$pods" | awk '$3 == 0 { print $1 "/" $2 }' | tr '\n' ' ')
    if [ $waited -ge "$DRAIN_TIMEOUT" ]; then
      DRAIN_ERROR="still running after $DRAIN_TIMEOUT s: $(echo "$pods" | awk '{ print $1 "/" $2 }' | tr '\n' ' ')${bare:+(without an owner, delete by hand: $bare)}"
      return 1
    fi
    [ -z "$bare" ] || annotate draining UnmanagedPods "delete by hand, nothing would make them again: $bare"
    echo "$pods" | awk '$3 > 0' | while read -r namespace name _; do
      api POST "/api/v1/namespaces/$namespace/pods/$name/eviction" application/json \
        "$(jq -nc --arg n "$namespace" --arg p "$name" '{apiVersion: "policy/v1", kind: "Eviction", metadata: {namespace: $n, name: $p}}')" >/dev/null || true
    done
    sleep 5
    waited=$((waited + 5))
    renew
  done
}
