# Drains this node's system pods before the daemons under them are restarted: a restart deletes their data.
# shellcheck shell=sh

# system_pods: one per line: namespace, name, uid, owned or bare, going or staying. A failed request does not mean an empty node. Other
# RuntimeClasses can name the same handler; a pod outlives its class, so pods of ours count even if the class is gone. Our own verification
# pods are not drained. Read in pages, since jq needed 149 MB for 500 pods.
system_pods() {
  api GET /apis/node.k8s.io/v1/runtimeclasses >"$SCRATCH/classes" || return 1
  next=
  : >"$SCRATCH/system-pods.new"
  while :; do
    api GET "/api/v1/pods?fieldSelector=spec.nodeName%3D$NODE_NAME&limit=50&continue=$next" >"$SCRATCH/page" || return 1
    jq -r --arg ignored "$VERIFICATION_NAMESPACE" --arg class "$RUNTIME_CLASS" --arg handler "$HANDLER" --slurpfile classes "$SCRATCH/classes" '
      [$class, ($classes[0].items[] | select(.handler == $handler) | .metadata.name)] as $ours
      | .items[] | select(.metadata.namespace != $ignored)
      | select(.spec.runtimeClassName as $name | any($ours[]; . == $name))
      | select(.status.phase != "Succeeded" and .status.phase != "Failed")
      | [.metadata.namespace, .metadata.name, .metadata.uid,
         (if any(.metadata.ownerReferences[]?; .controller) then "owned" else "bare" end),
         (if .metadata.deletionTimestamp then "going" else "staying" end)] | join(" ")' "$SCRATCH/page" >>"$SCRATCH/system-pods.new" || return 1
    next=$(jq -r '.metadata.continue // ""' "$SCRATCH/page")
    [ -n "$next" ] || break
  done
  mv "$SCRATCH/system-pods.new" "$SCRATCH/system-pods"
}

# can_drain: whether all pods can be evicted, checked with dry runs. If one cannot, none is evicted: the others would be evicted again at every
# attempt. A pod without a controller would not be created again, so its owner has to delete it.
can_drain() {
  DRAIN_REASON=DrainBlocked DRAIN_ERROR="the API server does not answer, or refuses: $(refusal)"
  system_pods || return 1
  bare=$(awk '$4 == "bare" && $5 == "staying"' "$SCRATCH/system-pods" | listed)
  DRAIN_REASON=UnmanagedPods DRAIN_ERROR="nothing would create these pods again, delete them: $bare. No other pod was evicted"
  [ -z "$bare" ] || return 1
  evict '?dryRun=All'
  DRAIN_REASON=DrainBlocked DRAIN_ERROR="no pod was evicted, since not all can go: $(cat "$SCRATCH/refused")"
  [ ! -s "$SCRATCH/refused" ]
}

# drain: evicts, so that PodDisruptionBudgets apply.
drain() {
  DRAIN_REASON=DrainBlocked DRAIN_ERROR="the API server does not answer, or refuses the taint"
  taint on && can_drain || return 1
  DRAIN_REASON=DrainTimeout
  : >"$SCRATCH/refused"
  drain_until=$(($(monotonic) + DRAIN_TIMEOUT))
  while :; do
    renew
    if system_pods; then
      [ -s "$SCRATCH/system-pods" ] || return 0
      DRAIN_ERROR="still running after $DRAIN_TIMEOUT s: $(listed <"$SCRATCH/system-pods")$([ ! -s "$SCRATCH/refused" ] || echo " ($(cat "$SCRATCH/refused"))")"
      [ "$(monotonic)" -lt $drain_until ] || return 1
      evict ''
    else
      DRAIN_ERROR="the API server does not answer: $(refusal)"
      [ "$(monotonic)" -lt $drain_until ] || return 1
    fi
    interruptible_sleep 5
  done
}

listed() { awk 'NR <= 5 { printf "%s%s/%s", comma, $1, $2; comma = ", " } END { if (NR > 5) printf " and %d more", NR - 5 }'; }

# evict QUERY: identifies each pod by its UID, since another one can have its name by then. A refused eviction, mostly by a PodDisruptionBudget
# (429), is retried; the reason is for the message.
evict() {
  : >"$SCRATCH/refused"
  awk '$4 == "owned" && $5 == "staying"' "$SCRATCH/system-pods" >"$SCRATCH/evictable"
  while read -r namespace name uid _; do
    alive
    api POST "/api/v1/namespaces/$namespace/pods/$name/eviction$1" application/json "$(jq -nc --arg n "$namespace" --arg p "$name" --arg uid "$uid" \
      '{apiVersion: "policy/v1", kind: "Eviction", metadata: {namespace: $n, name: $p}, deleteOptions: {preconditions: {uid: $uid}}}')" >/dev/null ||
      [ "$(code)" = 404 ] || printf '%s' "$namespace/$name: $(refusal)" >"$SCRATCH/refused"
  done <"$SCRATCH/evictable"
}
