# Restart slots: how many nodes may restart concurrently. The rules are in slots.jq; this file reads and writes the ConfigMap.
# shellcheck shell=sh

ROLLOUT_NAME=cdk8s-sysbox-rollout
# Not a Lease: Argo CD applies none (argo-cd util/settings/resources_filter.go).
ROLLOUT=/api/v1/namespaces/$NAMESPACE/configmaps/$ROLLOUT_NAME
RESET="kubectl -n $NAMESPACE annotate configmap $ROLLOUT_NAME cdk8s-sysbox.io/revision-"

# SLOT: what the ConfigMap says of this node: free, held (with ROLE and HELD_REVISION), or failed.
SLOT=free ROLE=- HELD_REVISION=- RENEWED=0

read_rollout() { api GET "$ROLLOUT" >"$SCRATCH/rollout"; }

# write_rollout: replaces the ConfigMap that was read; a conflict (409) means that another node was faster.
write_rollout() {
  jq -c --slurpfile notes "$SCRATCH/notes" '.metadata.annotations = $notes[0]' "$SCRATCH/rollout" >"$SCRATCH/next" || return 1
  api PUT "$ROLLOUT" application/json "$(cat "$SCRATCH/next")" >/dev/null
}

# Seconds since the boot: a clock that nobody sets.
monotonic() { cut -d. -f1 /proc/uptime; }

random() { od -An -N2 -tu2 /dev/urandom | tr -d ' '; }

# transition ACT [ARGUMENT]: sets VERDICT, WHY, PAUSE, SUSPECT and CHANGED; what is to be written is in SCRATCH/notes. KNOWN names the
# nodes in SCRATCH/nodes.
transition() {
  [ -f "$SCRATCH/seen" ] || echo '{}' >"$SCRATCH/seen"
  jq -r --arg act "$1" --arg argument "${2:-}" --arg me "$NODE_NAME" --arg role "$ROLE" --arg revision "$REVISION" \
    --arg concurrency "$CONCURRENCY" --argjson budget "$FAILURE_BUDGET" --argjson selector "$NODE_SELECTOR" --arg reset "$RESET" \
    --arg known "$KNOWN" --slurpfile nodes "$SCRATCH/nodes" --argjson poll "$SLOT_POLL" --argjson random "$(random)" \
    --argjson at "$(monotonic)" --argjson expiry "$SLOT_EXPIRY" --slurpfile seen "$SCRATCH/seen" \
    -f "$HERE/slots.jq" "$SCRATCH/rollout" >"$SCRATCH/transition" || {
    VERDICT=wait WHY="the rollout's state cannot be read. Start the rollout again: $RESET"
    return 1
  }
  { read -r VERDICT slot_role slot_revision; read -r WHY; read -r PAUSE SUSPECT; } <"$SCRATCH/transition"
  sed -n 4p "$SCRATCH/transition" >"$SCRATCH/notes"
  sed -n 5p "$SCRATCH/transition" >"$SCRATCH/seen.new"
  mv "$SCRATCH/seen.new" "$SCRATCH/seen"
  CHANGED=yes
  [ "$(head -c 1 "$SCRATCH/notes")" != - ] || CHANGED=no
}

write_if_changed() { [ $CHANGED = no ] || write_rollout; }

# after_conflict ATTEMPT: a random wait, up to 1, 2, 4… seconds, keeps nodes that collided apart.
after_conflict() {
  [ "$(code)" = 409 ] || return 1
  alive
  sleep "$(awk -v random="$(random)" -v attempt="$1" 'BEGIN { print random / 65536 * 2 ^ (attempt < 6 ? attempt - 1 : 5) }')"
}

# step ACT [ARGUMENT]: read, change, write.
step() {
  for attempt in 1 2 3 4 5 6 7 8; do
    KNOWN=none
    : >"$SCRATCH/nodes"
    read_rollout && transition "$@" || return 1
    ! write_if_changed || return 0
    after_conflict "$attempt" || return 1
  done
  return 1
}

# find_slot: whether an earlier pod of this node left a slot held or a failure.
find_slot() {
  step find || return 1
  SLOT=$VERDICT ROLE=$slot_role HELD_REVISION=$slot_revision
}

# acquire: waits for a slot, and reports what it waits for. Fails only if something on this node has to be handled first.
acquire() {
  while :; do
    alive
    if try_acquire; then
      if peers_still_healthy; then count_at_the_beginning; return 0; fi
      release unused
    fi
    say_why_waiting
    forget_if_gone "$SUSPECT"
    interruptible_sleep "$PAUSE"
    count_when_due
    is_undisturbed || return 1
  done
}

say_why_waiting() {
  case $VERDICT in
    stopped) annotate validated RolloutStopped "$WHY" && event Warning RolloutStopped "$WHY" ;;
    *) annotate validated WaitingForSlot "$WHY" ;;
  esac || true
}

try_acquire() {
  for attempt in 1 2 3 4; do
    VERDICT=wait PAUSE=$SLOT_POLL SUSPECT=- WHY="the API server does not answer"
    decide || return 1
    if write_if_changed; then break; fi
    VERDICT=wait WHY="waiting for a restart slot"
    after_conflict "$attempt" || return 1
  done
  [ "$VERDICT" = granted ] || return 1
  SLOT=held ROLE=$slot_role HELD_REVISION=$slot_revision RENEWED=$(monotonic)
  # What was written shows whether somebody has counted; nothing is written for a slot that an earlier pod took.
  IS_COUNTED=yes
  [ "$CHANGED" = no ] || grep -qF '"cdk8s-sysbox.io/counted-at"' "$SCRATCH/notes" || IS_COUNTED=no
}

# decide: by the ConfigMap alone, else by the servers and this node, else by all nodes. The ConfigMap is read again after the nodes: the time
# between its read and its write is the time in which others collide.
decide() {
  : >"$SCRATCH/nodes"
  read_rollout || return 1
  begun_by=$(rollout_revision)
  for KNOWN in none servers all; do
    [ $KNOWN = none ] || { "read_$KNOWN" && read_rollout; } || return 1
    WHY="waiting for a restart slot"
    [ "$(rollout_revision)" = "$begun_by" ] && transition acquire || return 1
    [ "$VERDICT" = ask ] || return 0
    WHY="the API server does not answer"
  done
}

rollout_revision() { jq -r '.metadata.annotations["cdk8s-sysbox.io/revision"] // ""' "$SCRATCH/rollout"; }

# A server's peers are checked again after the grant: one can have become unhealthy between the two requests.
peers_still_healthy() {
  [ "$ROLE" = server ] || return 0
  KNOWN=servers VERDICT=wait WHY="the API server does not answer"
  read_servers && transition peers || return 1
  [ "$VERDICT" = granted ]
}

read_servers() {
  is_current || return 1
  WHY="the API server does not answer"
  own_node || return 1
  jq -c --argjson selector "$NODE_SELECTOR" "{items: [.]} | $SLIM" "$SCRATCH/node" >"$SCRATCH/nodes.new" || return 1
  for server_role in control-plane etcd; do
    read_nodes "labelSelector=node-role.kubernetes.io%2F$server_role&" || return 1
  done
  # A server can have both labels, and be this node.
  jq -sc 'unique_by(.metadata.name) | .[]' "$SCRATCH/nodes.new" >"$SCRATCH/nodes"
}

read_all() {
  : >"$SCRATCH/nodes.new"
  read_nodes '' && mv "$SCRATCH/nodes.new" "$SCRATCH/nodes"
}

# read_nodes QUERY: appends to SCRATCH/nodes.new, in pages, each cut down immediately: a node is 10 to 20 KB, and the pod's memory is
# bounded. LIST_VERSION is the resourceVersion of the list.
read_nodes() {
  next=
  while :; do
    api GET "/api/v1/nodes?${1}limit=100&continue=$next" >"$SCRATCH/page" || return 1
    jq -c --argjson selector "$NODE_SELECTOR" "$SLIM" "$SCRATCH/page" >>"$SCRATCH/nodes.new" || return 1
    LIST_VERSION=$(jq -r .metadata.resourceVersion "$SCRATCH/page")
    next=$(jq -r '.metadata.continue // ""' "$SCRATCH/page")
    [ -n "$next" ] || return 0
  done
}

# The fields of a node that the rules read.
SLIM='.items[] | {metadata: {name: .metadata.name,
  labels: (.metadata.labels // {} | with_entries(select(.key as $key | $selector[$key] or ($key | startswith("node-role.kubernetes.io/"))))),
  annotations: (.metadata.annotations // {} | with_entries(select(.key | startswith("cdk8s-sysbox.io/"))))},
  spec: {unschedulable: .spec.unschedulable},
  status: {nodeInfo: {kubeletVersion: .status.nodeInfo.kubeletVersion}, conditions: [.status.conditions[]? | {type, status}]}}'

# is_current: a pod of an older revision begins nothing, and never replaces the state of a newer one. The ConfigMap was read before this
# question and names the same revision after it; a newer pod that writes later makes the write of this one a conflict. As the DaemonSet's
# controller decides it (kubernetes pkg/controller/daemon/util, IsPodUpdated): the pod has the generation of the DaemonSet, or an older one with
# the same template, after a change that was reverted before this pod was replaced. The latter shows only in the status: all pods are updated.
is_current() {
  WHY="the API server does not answer"
  own_pod || return 1
  owner=$(jq -r '.items[] | select(.metadata.deletionTimestamp == null) | .metadata.ownerReferences[]? | select(.controller) | .name' "$SCRATCH/pod")
  WHY="this pod is being replaced"
  [ -n "$owner" ] || return 1
  if api GET "/apis/apps/v1/namespaces/$NAMESPACE/daemonsets/$owner" >"$SCRATCH/daemonset"; then
    [ "$(jq --slurpfile pods "$SCRATCH/pod" '$pods[0].items[0].metadata as $pod | .metadata.generation as $generation
      | (.metadata.annotations["deprecated.daemonset.template.generation"] == $pod.labels["pod-template-generation"]
        or (.status | (.observedGeneration // 0) >= $generation and (.desiredNumberScheduled // 0) > 0
          and .updatedNumberScheduled == .desiredNumberScheduled))
      and any($pod.ownerReferences[]; .controller and .uid == $daemonset)' --arg daemonset "$(jq -r .metadata.uid "$SCRATCH/daemonset")" \
      "$SCRATCH/daemonset")" = true ]
  else
    [ "$(code)" = 404 ] || WHY="the API server does not answer"
    return 1
  fi
}

# forget_if_gone NODE: only nodes that exist and are selected count.
forget_if_gone() {
  [ "$1" != - ] || return 0
  if api GET "/api/v1/nodes/$1" >"$SCRATCH/other"; then
    [ "$(jq --argjson selector "$NODE_SELECTOR" '(.metadata.labels // {}) as $labels | all($selector | to_entries[]; $labels[.key] == .value)' \
      "$SCRATCH/other")" = false ] || return 0
  else
    [ "$(code)" = 404 ] || return 0
  fi
  step forget "$1" || true
}

# renew: a heartbeat, eight times as often as needed, so that the others see that this node is alive. Each is a write that others can collide with.
renew() {
  alive
  [ "$SLOT" = held ] && [ $(($(monotonic) - RENEWED)) -ge $((SLOT_EXPIRY / 8)) ] || return 0
  ! step renew || RENEWED=$(monotonic)
}

# release success|failure|unused [REASON]: retries until it is written; a slot must not stay held forever.
release() {
  until step "$@"; do
    alive
    interruptible_sleep "$SLOT_POLL"
  done
  SLOT=free ROLE=- HELD_REVISION=-
  [ "$1" != failure ] || SLOT=failed
}

# --- the counts ---

# count_when_due: after this node's own state has changed, one node writes the counts of all. Each waits for a random time that grows with
# the number of nodes, and does nothing when another has counted since: a thousand nodes that finish do not list a thousand nodes each.
count_due() {
  [ "$DRY_RUN" != true ] || return 0
  CHANGED_AT=$(jq -r '.metadata.resourceVersion // 0' "$SCRATCH/patched")
  nodes=$(jq -r '.metadata.annotations["cdk8s-sysbox.io/nodes"] // 0' "$SCRATCH/rollout" 2>/dev/null || echo 0)
  window=$(((nodes * 6 + 99) / 100))
  [ $window -ge 10 ] || window=10
  [ $window -le 600 ] || window=600
  COUNT_AT=$(($(monotonic) + window / 2 + $(random) * window / 131072))
}

count_when_due() {
  [ -n "${COUNT_AT:-}" ] && [ "$(monotonic)" -ge "$COUNT_AT" ] || return 0
  read_rollout || return 0
  counted=$(jq -r --arg revision "$REVISION" '.metadata.annotations // {}
    | if .["cdk8s-sysbox.io/revision"] == $revision then .["cdk8s-sysbox.io/counted-at"] // 0 else 0 end' "$SCRATCH/rollout")
  if [ "$counted" -ge "$CHANGED_AT" ] || count; then COUNT_AT=; fi
}

# The first node of a rollout counts before it restarts: how often the others look depends on their number.
count_at_the_beginning() {
  [ "$IS_COUNTED" = yes ] || count || true
}

count() {
  read_all || return 1
  for attempt in 1 2 3 4; do
    KNOWN=all
    read_rollout && is_current && transition count "$LIST_VERSION" || return 1
    ! write_if_changed || return 0
    after_conflict "$attempt" || return 1
  done
  return 1
}
