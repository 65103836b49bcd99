# Restart slots: how many nodes may restart at once. The rules are in slots.jq; this file reads and writes the Lease.
# shellcheck shell=sh

LEASE_NAME=cdk8s-sysbox-rollout
LEASES=/apis/coordination.k8s.io/v1/namespaces/$NAMESPACE/leases

# SLOT: what the Lease says of this node: free, held (with ROLE and HELD_REVISION), or failed, that is, counted as lost.
SLOT=free ROLE=- HELD_REVISION=- RENEWED=0

read_lease() {
  api GET "$LEASES/$LEASE_NAME" >"$SCRATCH/lease" && return 0
  [ "$(code)" = 404 ] || return 1
  api POST "$LEASES" application/json "$(jq -nc --arg name "$LEASE_NAME" \
    '{apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: {name: $name}, spec: {}}')" >"$SCRATCH/lease"
}

# write_state JSON: replaces the Lease as it was read; a conflict (409) means that another node was faster. The holders' names
# are for `kubectl get lease`.
write_state() {
  api PUT "$LEASES/$LEASE_NAME" application/json "$(jq -c --argjson state "$1" '
    .metadata.annotations["cdk8s-sysbox.io/rollout"] = ($state | tojson)
    | ($state.holders | keys | join(",")) as $names
    | if $names == "" then del(.spec.holderIdentity) else .spec.holderIdentity = $names end' "$SCRATCH/lease")" >/dev/null
}

# Seconds of this node's own clock, which nobody sets.
monotonic() { cut -d. -f1 /proc/uptime; }

# transition ACT [REASON]: sets VERDICT, WHY and NEXT, the state to write. `known` names the nodes in SCRATCH/nodes.
transition() {
  [ -f "$SCRATCH/seen" ] || echo '{}' >"$SCRATCH/seen"
  jq -r --arg act "$1" --arg reason "${2:-}" --arg me "$NODE_NAME" --arg role "$ROLE" --arg revision "$REVISION" \
    --argjson concurrency "$CONCURRENCY" --argjson budget "$FAILURE_BUDGET" --argjson selector "$NODE_SELECTOR" \
    --arg known "${known:-none}" --slurpfile nodes "$SCRATCH/nodes" \
    --argjson at "$(monotonic)" --argjson expiry "$SLOT_EXPIRY" --slurpfile seen "$SCRATCH/seen" \
    -f "$HERE/slots.jq" "$SCRATCH/lease" >"$SCRATCH/transition" || {
    VERDICT=wait WHY="the rollout's state cannot be read: kubectl -n $NAMESPACE delete lease $LEASE_NAME, and holders write it anew"
    return 1
  }
  { read -r VERDICT slot_role slot_revision; read -r WHY; read -r NEXT; read -r seen; } <"$SCRATCH/transition"
  printf '%s' "$seen" >"$SCRATCH/seen.new"
  mv "$SCRATCH/seen.new" "$SCRATCH/seen"
}

# step ACT [REASON]: read, change, write; at once again when another node was faster, which it can only be by writing.
step() {
  for _ in 1 2 3 4 5 6 7 8; do
    read_none && read_lease && known=none && transition "$@" || return 1
    if [ "$NEXT" = - ] || write_state "$NEXT"; then return 0; fi
    [ "$(code)" = 409 ] || return 1
  done
  return 1
}

# find_slot: whether an earlier pod of this node left a slot held or a failure.
find_slot() {
  step find || return 1
  SLOT=$VERDICT ROLE=$slot_role HELD_REVISION=$slot_revision
}

# acquire: waits for a slot. WHY tells what for. Fails when the budget is spent, or when something else needs this node.
acquire() {
  while :; do
    alive
    if try_acquire; then return 0; fi
    [ "$VERDICT" != stopped ] || return 1
    annotate validated WaitingForSlot "$WHY"
    nap "$SLOT_POLL"
    undisturbed || return 1
  done
}

try_acquire() {
  for _ in 1 2 3 4; do
    VERDICT=wait WHY="the API server does not answer"
    read_lease && decide || return 1
    if [ "$NEXT" = - ] || write_state "$NEXT"; then break; fi
    VERDICT=wait WHY="another node was faster"
    [ "$(code)" = 409 ] || return 1
  done
  [ "$VERDICT" = granted ] || return 1
  SLOT=held ROLE=$slot_role HELD_REVISION=$slot_revision RENEWED=$(monotonic)
}

decide() {
  for known in none self all; do
    "read_$known" && transition acquire || return 1
    [ "$VERDICT" = ask ] || return 0
  done
}

read_none() { : >"$SCRATCH/nodes"; }

# A pod that is being replaced begins nothing: its revision may be an older one, and would end the rollout of the newer.
read_self() {
  WHY="the API server does not answer"
  api GET "/api/v1/namespaces/$NAMESPACE/pods?fieldSelector=metadata.name%3D$POD_NAME" >"$SCRATCH/pod" || return 1
  WHY="this pod is being replaced"
  [ "$(jq '.items | length == 1 and (.[0].metadata.deletionTimestamp == null)' "$SCRATCH/pod")" = true ] || return 1
  WHY="the API server does not answer"
  own_node || return 1
  jq -c "{items: [.]} | $SLIM" "$SCRATCH/node" >"$SCRATCH/nodes"
}

# In pages, each cut down at once: a node is 10 to 20 KB, and the pod's memory is bounded.
read_all() {
  : >"$SCRATCH/nodes"
  next=
  while :; do
    api GET "/api/v1/nodes?limit=100&continue=$next" >"$SCRATCH/page" || return 1
    jq -c "$SLIM" "$SCRATCH/page" >>"$SCRATCH/nodes"
    next=$(jq -r '.metadata.continue // ""' "$SCRATCH/page")
    [ -n "$next" ] || return 0
  done
}

SLIM='.items[] | {metadata: {name: .metadata.name, labels: .metadata.labels,
  annotations: (.metadata.annotations // {} | with_entries(select(.key | startswith("cdk8s-sysbox.io/"))))},
  status: {conditions: [.status.conditions[]? | {type, status}]}}'

# renew: a beat, eight times as often as needed, so that the others see us alive. Each is a write that others collide with.
renew() {
  alive
  [ "$SLOT" = held ] && [ $(($(monotonic) - RENEWED)) -ge $((SLOT_EXPIRY / 8)) ] || return 0
  ! step renew || RENEWED=$(monotonic)
}

# release success|failure|unused [REASON]: until it is written; a slot must not be lost for ever.
release() {
  until step "$@"; do
    alive
    nap "$SLOT_POLL"
  done
  SLOT=free ROLE=- HELD_REVISION=-
}
