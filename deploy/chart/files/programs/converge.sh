# One round: from whatever state the node is in to a live runtime, or to a reason why not.
# shellcheck shell=sh

warnings=''

# --- what the cluster sees ---

not_ready() { rm -f "$SCRATCH/ready"; }

# failed REASON MESSAGE: reports why, and keeps the pod not ready. Either a person acts, or the next round finds the cause gone.
failed() {
  not_ready
  keep_pods_away
  annotate failed "$1" "$2" || true
  event Warning "$1" "$2"
}

# --- the slot ---

# take_slot: waits for one. The daemons under running pods may die meanwhile, and that is handled without waiting for the rollout.
take_slot() {
  not_ready
  keep_pods_away
  is_unit_active || { failed UnitNotActive "$unit.service is not active: the installer does not start what somebody stopped, and continues when it is"; return 1; }
  acquire
}

is_undisturbed() {
  looked=${looked:-$(monotonic)}
  [ $(($(monotonic) - looked)) -ge 60 ] || return 0
  looked=$(monotonic)
  [ "$(check_host)" != daemons-dead ] && is_unit_active
}

# release_if_held success|failure|unused [REASON]
release_if_held() { [ "$SLOT" = free ] || release "$@"; }

# fail_and_release REASON MESSAGE: the node failed. It spends the failure budget if it held a slot.
fail_and_release() {
  [ "$SLOT" != held ] || release failure "$1"
  failed "$1" "$2"
}

# --- the round ---

# dry_run: what a change would do. No slot, no drain, no taint.
dry_run() {
  check_cluster && publish_or_fail && host prepare || return 1
  pass_on_warnings
  [ "$(status stage)-$(status action)" = validated-dry-run ] || { failed "$(status reason)" "$(status message)"; return 1; }
  not_ready
  annotate validated DryRun "$(status message)${warnings:+; $warnings}"
}

converge() {
  check_cluster && guard_by_taint && publish_or_fail || return 1
  # Before `prepare`, which starts the daemons: under running pods that wipes their data.
  [ "$(check_host)" != daemons-dead ] || revive || return 1
  find_slot_or_fail && finish && handle_retry_request || return 1
  host prepare || return 1
  pass_on_warnings
  case $(status stage)-$(status action) in
    validated-upgrade) upgrade || return 1 ;;
    validated-restart) restart || return 1 ;;
    verified-*) ;;
    *) fail_and_release "$(status reason)" "$(status message)"; return 1 ;;
  esac
  verify && announce || return 1
  release_if_held success
}

# verify: nothing is announced before a real pod has run under what was changed. If the pod cannot be created, nothing is rolled back. If it
# fails, what the host's journal names is rolled back, which can need a restart: without a slot (an earlier attempt released it) the node waits
# for one.
verify() {
  unproven=$(journal unproven)
  [ -n "$unproven" ] && [ "$(journal state)" = verified ] || return 0
  not_ready
  annotate restarted '' "waiting for a pod of this node in $VERIFICATION_NAMESPACE"
  if verify_pod; then
    host accept && [ "$(status stage)" = verified ]
    return
  fi
  [ "$POD_REASON" = VerificationPodFailed ] || { fail_and_release "$POD_REASON" "$POD_ERROR"; return 1; }
  [ "$unproven" = daemons ] || [ "$SLOT" = held ] || take_slot || return 1
  host abandon "$POD_REASON" "$POD_ERROR" || return 1
  [ "$unproven" != switch ] || untaint_if_healthy
  fail_and_release "$(status reason)" "$(status message)"
  return 1
}

publish_or_fail() {
  publish || { failed CannotWrite "the programs or the Sysbox binaries cannot be copied to the host: is /var/lib or /opt full or read-only?"; return 1; }
}

find_slot_or_fail() {
  find_slot || { failed NoRolloutState "the rollout's ConfigMap $ROLLOUT_NAME cannot be read ($(code) $(refusal)): apply the installer's manifests"; return 1; }
}

# Warnings of the preflight do not make it refuse the node. They stay in the node's annotation while the node is ready.
pass_on_warnings() {
  warnings=$(status warnings)
  [ -z "$warnings" ] || event Warning PreflightWarning "$warnings"
}

# Before 1.33 the API server drops hostUsers silently, and the kubelet still reports the handler as capable.
check_cluster() {
  own_node || { say "the API server does not answer ($(code)): $(refusal)"; return 1; }
  kubelet=$(jq -r .status.nodeInfo.kubeletVersion "$SCRATCH/node")
  minor=$(echo "$kubelet" | sed -n 's/^v1\.\([0-9][0-9]*\).*/\1/p')
  [ -n "$minor" ] || { say "the kubelet has not reported its version yet"; return 1; }
  [ "$ALLOW_OLD_KUBERNETES" = true ] || [ "$minor" -ge 33 ] || {
    failed OldKubernetes "kubelet $kubelet: before 1.33 \`hostUsers: false\` is dropped silently unless the UserNamespacesSupport gate is on"
    return 1
  }
}

# finish: completes what an earlier pod began under its slot, and under the revision that began it: a newer revision starts with a canary of
# its own.
finish() {
  [ "$SLOT" = held ] || return 0
  wait_for_host
  case $(journal state) in
    committed|restarted) finish_restart || return 1; how=success ;;
    rolling-back) host prepare || return 1; fail_and_release "$(status reason)" "$(status message)"; return 1 ;;
    *) if [ -n "$(journal failed_change)" ]; then how=failure; else how=unused; fi ;;
  esac
  [ "$HELD_REVISION" = "$REVISION" ] || release_if_held $how "$(journal reason)"
}

is_retry_requested() { [ "$(jq -r '.metadata.annotations["cdk8s-sysbox.io/retry"] // ""' "$SCRATCH/node")" = true ]; }

# The node's administrator requests a retry of a failed change.
handle_retry_request() {
  is_retry_requested || return 0
  host retry || return 1
  patch_node '{"metadata":{"annotations":{"cdk8s-sysbox.io/retry":null}}}'
}

restart() {
  take_slot || return 1
  annotate committed '' "restarting $(status unit)"
  finish_restart
}

# finish_restart: with the slot held, to the end, whichever step an earlier pod reached. The slot stays held after a success, until
# the node is announced, and when the host program was interrupted.
finish_restart() {
  not_ready
  rollbacks=$(journal rollbacks)
  host commit || return 1
  [ "$(status stage)" = restarted ] || { not_committed "$(status reason)" "$(status message)"; return 1; }
  if is_seen_by_api; then
    host confirm || return 1
    [ "$(status stage)" != verified ] || return 0
    not_committed "$(status reason)" "$(status message)"
    return 1
  fi
  host abandon NotHealthy "$API_ERROR" || return 1
  fail_and_release NotHealthy "$API_ERROR"
  return 1
}

# A commit that was refused before anything was changed (its server is unreachable, for example) does not spend the failure budget.
not_committed() {
  case $(journal state) in
    committed|restarted|rolling-back) failed "$1" "$2"; return 0 ;;
  esac
  [ "$(journal rollbacks)" != "$rollbacks" ] || release_if_held unused
  fail_and_release "$1" "$2"
}

# began_with SETTING: its value in the programs that began the change: a newer revision can have another handler or deadline.
began_with() { sed -n "s/^$1='\(.*\)'$/\1/p" "$PROGRAMS/$(journal programs)/settings.env" 2>/dev/null | grep . || eval "echo \"\$$1\""; }

# is_seen_by_api: waits for what only the API shows: the kubelet has reported since the restart (one clock, the node's, wrote both times), the
# node is Ready, and the handler has user namespaces. While the API server does not answer, the time does not count: the host's dead-man timer
# judges the node itself.
is_seen_by_api() {
  since=$(status restartedAt)
  left=$(began_with DEADLINE)
  handler=$(began_with HANDLER)
  API_ERROR=''
  while [ "$left" -gt 0 ]; do
    renew
    if own_node; then
      API_ERROR=$(jq -r --arg since "$since" --arg handler "$handler" '
        ([.status.conditions[]? | select(.type == "Ready")] | first) as $ready
        | ([.status.runtimeHandlers[]? | select(.name == $handler)] | first) as $found
        | if ($ready.lastHeartbeatTime // "") <= $since then "the kubelet has not reported since the restart at \($since)"
          elif $ready.status != "True" then "the node is not Ready: \($ready.message)"
          elif $found == null then "the handler \($handler) is not in node.status.runtimeHandlers"
          elif $found.features.userNamespaces != true then "the handler \($handler) has no user namespaces"
          else "healthy" end' "$SCRATCH/node")
      [ "$API_ERROR" != healthy ] || return 0
      left=$((left - 5))
    fi
    interruptible_sleep 5
  done
  return 1
}

# upgrade: changes binaries or units, after a drain of the system pods. A drain that cannot finish is not a failure of the change.
upgrade() {
  can_drain_or_fail && take_slot || return 1
  annotate draining '' "moving system pods away before the upgrade"
  drain || { stay "$DRAIN_REASON" "$DRAIN_ERROR"; return 1; }
  host switch || return 1
  if [ "$(status stage)" = failed ]; then
    reason=$(status reason) message=$(status message)
    untaint_if_healthy
    fail_and_release "$reason" "$message"
    return 1
  fi
  verify && host prepare || return 1
  case $(status stage)-$(status action) in
    verified-*) ;;
    validated-restart) restart ;;
    *) fail_and_release "$(status reason)" "$(status message)"; return 1 ;;
  esac
}

# Before a slot is taken and anything is evicted.
can_drain_or_fail() {
  can_drain || { failed "$DRAIN_REASON" "$DRAIN_ERROR"; return 1; }
}

# stay REASON MESSAGE: leaves the node as it is, and reports why.
stay() {
  untaint_if_healthy
  release_if_held unused
  failed "$1" "$2"
}

untaint_if_healthy() { ! is_live || taint off || true; }

# announce: label, startup taint, annotations, Event. A kubelet that has just restarted may overwrite the label, so it is checked three times.
announce() {
  held=0 tries=0
  while [ $held -lt 3 ]; do
    renew
    if own_node && [ "$(jq -r '.metadata.labels["sysbox-runtime"] // ""' "$SCRATCH/node")" = running ]; then
      held=$((held + 1))
    else
      held=0 tries=$((tries + 1))
      [ $tries -le 20 ] || { failed NotLabelled "the runtime is verified, but the label sysbox-runtime=running does not hold: $(refusal)"; return 1; }
      label running || true
    fi
    interruptible_sleep 2
  done
  taint off && annotate_always ready '' "$warnings" || return 1
  event Normal SysboxReady "the Sysbox runtime is live on this node"
  touch "$SCRATCH/ready"
}

# revive: starts the daemons again after they died under running pods. The drain taints the node; announce removes the taint.
revive() {
  not_ready
  event Warning DaemonsDead "sysbox-mgr or sysbox-fs died: running system pods are broken and are moved away"
  annotate draining DaemonsDead "moving system pods away before the daemons start again"
  drain || { failed DaemonsDead "the Sysbox daemons are dead, and their system pods cannot be moved away: $DRAIN_ERROR"; return 1; }
  host revive || return 1
  [ "$(status stage)" = verified ] || { failed "$(status reason)" "$(status message)"; return 1; }
}
