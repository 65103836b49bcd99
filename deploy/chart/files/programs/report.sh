# What the cluster sees of this node: annotations, Events, the label, the taint.
# shellcheck shell=sh

PREFIX=cdk8s-sysbox.io

say() { echo "$(date -u +%H:%M:%S) $*"; }

# annotate STAGE REASON MESSAGE: writes only if something changed, so that an idle node causes no traffic.
annotate() {
  wanted=$(jq -nc --arg p "$PREFIX" --arg stage "$1" --arg reason "$2" --arg message "$3" --arg revision "$REVISION" \
    '{metadata: {annotations: {($p + "/stage"): $stage, ($p + "/revision"): $revision,
      ($p + "/reason"): (if $reason == "" then null else $reason end),
      ($p + "/message"): (if $message == "" then null else $message end)}}}')
  [ "$wanted" != "$(cat "$SCRATCH/annotated" 2>/dev/null)" ] || return 0
  say "$1${2:+ $2}${3:+: $3}"
  patch_node "$wanted" || return 1
  printf '%s' "$wanted" >"$SCRATCH/annotated"
  case $1-$2 in ready-*|failed-*|removed-*|*-RolloutStopped) count_due ;; esac
}

# annotate_always: writes even if nothing changed: the Node object may have been recreated (k3s#10957).
annotate_always() {
  rm -f "$SCRATCH/annotated"
  annotate "$@"
}

# event TYPE REASON MESSAGE: at most one per reason and hour. The API server takes Events on cluster-scoped objects in the namespace default only.
event() {
  last=$(cat "$SCRATCH/event-$2" 2>/dev/null || echo -3600)
  [ $(($(monotonic) - last)) -ge 3600 ] || return 0
  body=$(jq -nc --arg type "$1" --arg reason "$2" --arg message "$3" --arg node "$NODE_NAME" --arg pod "${POD_NAME:-}" \
    '(now | todate) as $at | {apiVersion: "v1", kind: "Event",
      metadata: {generateName: "cdk8s-sysbox-", namespace: "default"},
      involvedObject: {apiVersion: "v1", kind: "Node", name: $node, uid: $node},
      type: $type, reason: $reason, message: $message[0:1000], source: {component: "cdk8s-sysbox", host: $node},
      reportingComponent: "cdk8s-sysbox.io/installer", reportingInstance: $pod,
      firstTimestamp: $at, lastTimestamp: $at, count: 1}')
  if api POST /api/v1/namespaces/default/events application/json "$body" >/dev/null; then
    monotonic >"$SCRATCH/event-$2"
  else
    say "no Event ($(code)): $(refusal)"
  fi
}

# label VALUE, or nothing to remove it.
label() { patch_node "$(jq -nc --arg value "$1" '{metadata: {labels: {"sysbox-runtime": (if $value == "" then null else $value end)}}}')"; }

# taint on|off: a merge patch replaces the whole list, so it contains the resourceVersion, and a conflict is retried.
taint() {
  tries=0
  while [ $tries -lt 10 ]; do
    tries=$((tries + 1))
    alive
    own_node || { interruptible_sleep 2; continue; }
    body=$(jq -c --arg state "$1" '
      [.spec.taints // [] | .[] | select(.key != "sysbox-runtime")] as $others
      | (if $state == "on" then $others + [{key: "sysbox-runtime", value: "not-running", effect: "NoSchedule"}] else $others end) as $wanted
      | if $wanted == (.spec.taints // []) then empty
        else {metadata: {resourceVersion: .metadata.resourceVersion}, spec: {taints: (if $wanted == [] then null else $wanted end)}} end' "$SCRATCH/node")
    [ -n "$body" ] || return 0
    patch_node "$body" && return 0
    interruptible_sleep 1
  done
  return 1
}

# is_live: the runtime runs, and no change waits for its first pod.
is_live() {
  [ "$(check_host)" = healthy ] && case $(journal unproven) in change|switch) return 1 ;; esac
}

# guard_by_taint: if the RuntimeClass selects nodes that are to get the runtime, only the taint keeps pods away from one that does not run it.
guard_by_taint() { [ "$SCHEDULING" != intended ] || [ "$DRY_RUN" = true ] || is_live || taint on; }

# keep_pods_away: taints a node that is labelled `running` although the kubelet no longer knows the handler: a first change was rolled back, or
# the guard set the file aside. New pods would fail here, and the label stays until a drain. A kubelet that lists no handlers at all (before
# 1.30, KEP-4216) proves nothing. `announce` removes the taint.
keep_pods_away() {
  guard_by_taint || true
  own_node || return 0
  [ "$(jq --arg handler "$HANDLER" '.metadata.labels["sysbox-runtime"] == "running"
    and (.status.runtimeHandlers // [] | length > 0 and all(.[]; .name != $handler))' "$SCRATCH/node")" = true ] || return 0
  taint on || true
}
