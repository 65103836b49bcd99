# Restart slots: how many nodes may restart at once. The rules are in slots.jq; this file reads and writes the Lease.
# shellcheck shell=sh

LEASE_NAME=cdk8s-sysbox-rollout
LEASES=/apis/coordination.k8s.io/v1/namespaces/$NAMESPACE/leases

read_lease() {
  api GET "$LEASES/$LEASE_NAME" >"$SCRATCH/lease" && return 0
  [ "$(code)" = 404 ] || return 1
  jq -nc --arg name "$LEASE_NAME" --arg namespace "$NAMESPACE" \
    '{apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: {name: $name, namespace: $namespace}, spec: {}}' >"$SCRATCH/lease.new"
  api POST "$LEASES" application/json "$(cat "$SCRATCH/lease.new")" >"$SCRATCH/lease"
}

rollout_state() { jq -c '.metadata.annotations["cdk8s-sysbox.io/rollout"] // "{}" | fromjson' "$SCRATCH/lease"; }

# write_state JSON: replaces the Lease as it was read; a conflict (409) means that another node was faster.
write_state() {
  jq -c --arg state "$1" '.metadata.annotations["cdk8s-sysbox.io/rollout"] = $state' "$SCRATCH/lease" >"$SCRATCH/lease.new"
  api PUT "$LEASES/$LEASE_NAME" application/json "$(cat "$SCRATCH/lease.new")" >/dev/null
}

monotonic() { cut -d. -f1 /proc/uptime; }

# acquire: waits for a slot. WHY tells what for. Fails only when the budget is spent.
acquire() {
  while :; do
    alive
    if try_acquire; then return 0; fi
    case $WHY in *"has stopped"*) return 1 ;; esac
    annotate validated WaitingForSlot "$WHY"
    sleep "$SLOT_POLL"
  done
}

try_acquire() {
  WHY="the API server does not answer"
  read_lease || return 1
  nodes=$(api GET /api/v1/nodes) || return 1
  give_up_vanished || return 1
  decision=$(printf '%s' "$nodes" | jq -c --argjson state "$(rollout_state)" --arg me "$NODE_NAME" --arg plan "$PLAN_HASH" \
    --argjson concurrency "$CONCURRENCY" --argjson budget "$FAILURE_BUDGET" \
    '{state: $state, nodes: .items, me: $me, plan: $plan, concurrency: $concurrency, budget: $budget}' | jq -c -f "$HERE/slots.jq")
  WHY=$(printf '%s' "$decision" | jq -r .why)
  [ "$(printf '%s' "$decision" | jq .grant)" = true ] || return 1
  WHY="another node was faster"
  write_state "$(printf '%s' "$decision" | jq -c .state)"
}

# renew: one beat, so that the others see us alive.
renew() {
  alive
  ! read_lease || write_state "$(rollout_state | jq -c --arg me "$NODE_NAME" 'if .holders[$me] then .holders[$me].beat += 1 else . end')" || true
}

# release SUCCESS|FAILURE [REASON]: until it is written; a slot must not be lost for ever.
release() {
  until read_lease && write_state "$(rollout_state | jq -c --arg me "$NODE_NAME" --arg how "$1" --arg reason "${2:-}" '
    .failed = (.failed // {}) | .done = (.done // 0)
    | if $how == "success" then (if .holders[$me] then .done += 1 else . end) | del(.failed[$me])
      elif .holders[$me] then .failed[$me] = $reason else . end
    | del(.holders[$me])')"; do
    alive
    sleep "$SLOT_POLL"
  done
}

# give_up_vanished: a holder whose beat did not change for SLOT_EXPIRY seconds *of our own clock* while we could see the Lease
# counts as failed. Clocks of two nodes are never compared. After an outage of the API everybody's time starts again.
give_up_vanished() {
  at=$(monotonic)
  jq -cn --argjson at "$at" --argjson expiry "$SLOT_EXPIRY" --argjson gap $((SLOT_POLL * 3 + 30)) --argjson state "$(rollout_state)" \
    --argjson seen "$(cat "$SCRATCH/seen" 2>/dev/null || echo '{}')" '
    (if $seen.at and $at - $seen.at <= $gap then $seen.holders else {} end) as $known
    | (($state.holders // {}) | with_entries(.key as $node | .value as $holder
        | .value = (if $known[$node].beat == $holder.beat then $known[$node] else {beat: $holder.beat, since: $at} end))) as $now
    | {at: $at, holders: $now, vanished: [$now | to_entries[] | select($at - .value.since >= $expiry) | .key]}' >"$SCRATCH/seen.new"
  mv "$SCRATCH/seen.new" "$SCRATCH/seen"
  [ "$(jq '.vanished | length' "$SCRATCH/seen")" != 0 ] || return 0
  write_state "$(rollout_state | jq -c --argjson vanished "$(jq -c .vanished "$SCRATCH/seen")" '
    reduce $vanished[] as $node (.; .failed[$node] = "its holder vanished in the middle of the restart" | del(.holders[$node]))')"
  read_lease
}
