# Moves this node's system pods away before the daemons under them are restarted: a restart wipes their data.
# shellcheck shell=sh

# system_pods: one a line: namespace, name, owned or bare, going or staying. A request that failed is not an empty node. Other
# RuntimeClasses can name the same handler; a pod outlives its class, so ours counts also when the class is gone.
system_pods() {
  api GET /apis/node.k8s.io/v1/runtimeclasses >"$SCRATCH/classes" || return 1
  api GET "/api/v1/pods?fieldSelector=spec.nodeName%3D$NODE_NAME" >"$SCRATCH/pods" || return 1
  jq -r --arg class "$RUNTIME_CLASS" --arg handler "$HANDLER" --slurpfile classes "$SCRATCH/classes" '
    [$class, ($classes[0].items[] | select(.handler == $handler) | .metadata.name)] as $ours
    | .items[] | select(.spec.runtimeClassName as $name | any($ours[]; . == $name))
    | select(.status.phase != "Succeeded" and .status.phase != "Failed")
    | [.metadata.namespace, .metadata.name,
       (if any(.metadata.ownerReferences[]?; .controller) then "owned" else "bare" end),
       (if .metadata.deletionTimestamp then "going" else "staying" end)] | join(" ")' "$SCRATCH/pods" >"$SCRATCH/system-pods"
}

# drain: evictions, so PodDisruptionBudgets hold. A pod without a controller would not come back: it is its owner's to delete.
drain() {
  DRAIN_ERROR="the API server does not answer, or refuses the taint"
  taint on || return 1
  until_=$(($(monotonic) + DRAIN_TIMEOUT))
  : >"$SCRATCH/refused"
  while :; do
    renew
    if system_pods; then
      [ -s "$SCRATCH/system-pods" ] || return 0
      still_running
      [ "$(monotonic)" -lt $until_ ] || return 1
      [ -z "$bare" ] || annotate draining UnmanagedPods "delete by hand, nothing would make them again: $bare"
      evict
    else
      DRAIN_ERROR="the API server does not answer: $(refusal)"
      [ "$(monotonic)" -lt $until_ ] || return 1
    fi
    nap 5
  done
}

still_running() {
  bare=$(awk '$3 == "bare" && $4 == "staying"' "$SCRATCH/system-pods" | listed)
  DRAIN_ERROR="still running after $DRAIN_TIMEOUT s: $(listed <"$SCRATCH/system-pods")"
  [ -z "$bare" ] || DRAIN_ERROR="$DRAIN_ERROR (nothing would make them again, delete by hand: $bare)"
  [ ! -s "$SCRATCH/refused" ] || DRAIN_ERROR="$DRAIN_ERROR ($(cat "$SCRATCH/refused"))"
}

listed() { awk '{ printf "%s%s/%s", comma, $1, $2; comma = ", " }'; }

# Refused ones, above all by a PodDisruptionBudget (429), are asked again; the reason is for the message.
evict() {
  : >"$SCRATCH/refused"
  awk '$3 == "owned" && $4 == "staying"' "$SCRATCH/system-pods" >"$SCRATCH/evictable"
  while read -r namespace name _; do
    api POST "/api/v1/namespaces/$namespace/pods/$name/eviction" application/json "$(jq -nc --arg n "$namespace" --arg p "$name" \
      '{apiVersion: "policy/v1", kind: "Eviction", metadata: {namespace: $n, name: $p}}')" >/dev/null ||
      printf '%s' "$namespace/$name: $(refusal)" >"$SCRATCH/refused"
  done <"$SCRATCH/evictable"
}
