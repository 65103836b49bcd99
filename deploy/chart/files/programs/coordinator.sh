#!/bin/sh
# The coordinator: what runs in the DaemonSet's pod. It asks the host program for each step, holds the restart slot, looks at
# the node through the API, and says what happens. It may die at any instant: everything it did is asked of the host anew.
#
# Nearly all of this runs where `set -e` has no effect (inside conditions): what may fail and matters says `|| return 1`.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd -P)
HOST=${HOST_ROOT:-/host}
SCRATCH=${SCRATCH_DIR:-/tmp}
warnings=''

# shellcheck source=settings.sh
. "$HERE/settings.sh"
read_settings
# shellcheck source=api.sh
. "$HERE/api.sh"
# shellcheck source=report.sh
. "$HERE/report.sh"
# shellcheck source=slots.sh
. "$HERE/slots.sh"
# shellcheck source=drain.sh
. "$HERE/drain.sh"

HOST_STATE=$HOST/var/lib/cdk8s-sysbox
PROGRAMS=$HOST_STATE/programs
RELEASES=$HOST/opt/sysbox/releases
# As the host sees them.
HOST_PROGRAM=/var/lib/cdk8s-sysbox/programs/current/host.sh
RUN_UNIT=cdk8s-sysbox-run

# The liveness probe reads this file's age.
alive() { touch "$SCRATCH/alive"; }

# nap SECONDS: a trap runs only between commands, and `wait` lets TERM through at once.
nap() {
  sleep "$1" &
  wait $!
}

# --- the host ---

# on_host COMMAND...: in the host's root. systemd is reached because the pod shares the host's PIDs (node-findings); in a chroot
# systemctl does nothing and exits 0 unless told otherwise.
on_host() { chroot "$HOST" env SYSTEMD_IGNORE_CHROOT=1 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

status() { jq -r --arg key "$1" '.[$key] // ""' "$HOST_STATE/status.json" 2>/dev/null || true; }

# What the host's transaction has reached (journal.sh).
journal() { sed -n "s/^$1=//p" "$HOST_STATE/journal" 2>/dev/null || true; }

# One word: healthy, daemons-dead, drift, unverified, absent; unknown when the host could not be asked.
check_host() { on_host /bin/sh $HOST_PROGRAM check 2>/dev/null || echo unknown; }

# publish: these programs and the Sysbox binaries. Each release lies under the hash of its content, complete or not at all.
# `sync` without a file, since the image's coreutils 8.22 takes none.
publish() {
  publish_programs || return 1
  [ "$SOURCE" = image ] || return 0
  [ "$DRY_RUN" = true ] || [ -d "$RELEASES/$RELEASE" ] || publish_release || return 1
  forget "$RELEASES/$RELEASE"
}

publish_programs() {
  [ "$(readlink "$PROGRAMS/current" 2>/dev/null)" != "$REVISION" ] || return 0
  mkdir -p "$PROGRAMS" && rm -rf "$PROGRAMS/incoming" "$PROGRAMS/current.new" || return 1
  if [ ! -d "$PROGRAMS/$REVISION" ]; then
    mkdir "$PROGRAMS/incoming" && cp -L "$HERE"/* "$SCRATCH/settings.env" "$PROGRAMS/incoming/" && sync && mv "$PROGRAMS/incoming" "$PROGRAMS/$REVISION" || return 1
  fi
  ln -s "$REVISION" "$PROGRAMS/current.new" && mv -T -f "$PROGRAMS/current.new" "$PROGRAMS/current" && sync
}

# The directories are made by the host's own function, so that they are in the list of what is ours.
publish_release() {
  on_host /bin/sh $HOST_PROGRAM directories && rm -rf "$RELEASES/incoming" && mkdir "$RELEASES/incoming" || return 1
  for binary in sysbox-runc sysbox-fs sysbox-mgr; do
    cp "$IMAGE_BINARIES/$binary" "$RELEASES/incoming/$binary" && chmod 755 "$RELEASES/incoming/$binary" || return 1
  done
  sync && mv "$RELEASES/incoming" "$RELEASES/$RELEASE" && sync
}

# host COMMAND [ARGUMENT...]: in a transient unit of the host. One name for all: a command that an earlier pod began is
# waited for, never doubled. A report of another run means that ours was killed: the next round asks again.
host() {
  wait_for_host
  command=$1
  run=$1-$(cat /proc/sys/kernel/random/uuid)
  shift
  on_host systemd-run --collect --quiet --unit=$RUN_UNIT /bin/sh $HOST_PROGRAM "$command" "$run" "$RELEASE" "$@" || return 1
  wait_for_host
  [ "$(status run)" = "$run" ] || [ "$command" = uninstall ] || { say "the host program ($command) was interrupted"; return 1; }
}

wait_for_host() {
  while on_host systemctl --quiet is-active $RUN_UNIT.service ||
    [ "$(on_host systemctl show --property=ActiveState --value $RUN_UNIT.service)" = activating ]; do
    renew
    nap 2
  done
}

# --- what the cluster is told ---

not_ready() { rm -f "$SCRATCH/ready"; }

# failed REASON MESSAGE: says why, keeps not ready, and waits. A person acts, or the next round finds the cause gone.
failed() {
  not_ready
  keep_pods_away
  annotate failed "$1" "$2"
  event Warning "$1" "$2"
}

# --- the slot ---

# take_slot: while it waits, the daemons under running pods may die, which is not to wait for the rollout.
take_slot() {
  not_ready
  keep_pods_away
  acquire && return 0
  [ "$VERDICT" = stopped ] || return 1
  # Not this node's failure: it stays among those that the servers wait for.
  annotate validated RolloutStopped "$WHY"
  event Warning RolloutStopped "$WHY"
  return 1
}

undisturbed() {
  looked=${looked:-$(monotonic)}
  [ $(($(monotonic) - looked)) -ge 60 ] || return 0
  looked=$(monotonic)
  [ "$(check_host)" != daemons-dead ]
}

# settle success|failure|unused [REASON]
settle() { [ "$SLOT" = free ] || release "$@"; }

# lost REASON MESSAGE: the node failed. It spends the failure budget if it held a slot.
lost() {
  [ "$SLOT" != held ] || release failure "$1"
  failed "$1" "$2"
}

# --- the change ---

converge() {
  check_cluster || return 1
  publish || { failed CannotWrite "the programs or the Sysbox binaries cannot be copied to the host: is /var/lib or /opt full or read-only?"; return 1; }
  # Before `prepare`, which starts the daemons: under running pods that wipes their data.
  [ "$(check_host)" != daemons-dead ] || revive || return 1
  find_slot || { say "the rollout's Lease cannot be read or made ($(code)): $(refusal)"; return 1; }
  finish || return 1
  heed_retry || return 1
  host prepare || return 1
  pass_on_warnings
  case $(status stage)-$(status action) in
    validated-dry-run) settle unused; not_ready; annotate validated DryRun "$(status message)${warnings:+; $warnings}"; return 1 ;;
    validated-upgrade) upgrade || return 1 ;;
    validated-restart) restart || return 1 ;;
    verified-*) ;;
    *) lost "$(status reason)" "$(status message)"; return 1 ;;
  esac
  announce || return 1
  settle success
}

# What the preflight saw that is no reason to refuse the node. It stays on the node's annotation while the node is ready.
pass_on_warnings() {
  warnings=$(status warnings)
  [ -z "$warnings" ] || event Warning PreflightWarning "$warnings"
}

# Before 1.33 the API server drops hostUsers silently, and the kubelet still reports the handler as capable.
check_cluster() {
  own_node || { say "the API server does not answer ($(code)): $(refusal)"; return 1; }
  kubelet=$(jq -r .status.nodeInfo.kubeletVersion "$SCRATCH/node")
  minor=$(echo "$kubelet" | sed -n 's/^v1\.\([0-9][0-9]*\).*/\1/p')
  [ -n "$minor" ] || { say "the kubelet has not said its version yet"; return 1; }
  [ "$ALLOW_OLD_KUBERNETES" = true ] || [ "$minor" -ge 33 ] || {
    failed OldKubernetes "kubelet $kubelet: before 1.33 \`hostUsers: false\` is dropped silently unless the UserNamespacesSupport gate is on"
    return 1
  }
}

# finish: what an earlier pod began under its slot comes to its end first, and under the revision that began it: a newer revision
# starts with a canary of its own.
finish() {
  [ "$SLOT" = held ] || return 0
  wait_for_host
  case $(journal state) in
    committed|restarted) finish_restart || return 1; how=success ;;
    rolling-back) host prepare || return 1; lost "$(status reason)" "$(status message)"; return 1 ;;
    *) if [ -n "$(journal failed_change)" ]; then how=failure; else how=unused; fi ;;
  esac
  [ "$HELD_REVISION" = "$REVISION" ] || settle $how "$(journal reason)"
}

# A person's word: try a failed change again.
heed_retry() {
  [ "$(jq -r '.metadata.annotations["cdk8s-sysbox.io/retry"] // ""' "$SCRATCH/node")" = true ] || return 0
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
  if seen_by_api; then
    host confirm || return 1
    [ "$(status stage)" != verified ] || return 0
    not_committed "$(status reason)" "$(status message)"
    return 1
  fi
  host abandon NotHealthy "$API_ERROR" || return 1
  lost NotHealthy "$API_ERROR"
  return 1
}

# A commit that was refused before anything was changed (its server is unreachable, say) costs the rollout nothing.
not_committed() {
  case $(journal state) in
    committed|restarted|rolling-back) failed "$1" "$2"; return 0 ;;
  esac
  [ "$(journal rollbacks)" != "$rollbacks" ] || settle unused
  lost "$1" "$2"
}

# seen_by_api: what only the API shows: the kubelet reports again (one clock, the node's, wrote both times), Ready, and the
# handler with user namespaces. Without an answer nothing is known, and no time passes: whether the node itself is well, the
# host's dead-man timer judges.
seen_by_api() {
  since=$(status restartedAt)
  left=$DEADLINE
  API_ERROR=''
  while [ "$left" -gt 0 ]; do
    renew
    if own_node; then
      API_ERROR=$(jq -r --arg since "$since" --arg handler "$HANDLER" '
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
    nap 5
  done
  return 1
}

# upgrade: binaries or units change under running system pods. A drain that does not end is no failure of the change.
upgrade() {
  take_slot || return 1
  annotate draining '' "moving system pods away before the upgrade"
  drain || { stay DrainTimeout "$DRAIN_ERROR"; return 1; }
  host switch || return 1
  if [ "$(status stage)" = failed ]; then
    reason=$(status reason) message=$(status message)
    untaint_if_healthy
    lost "$reason" "$message"
    return 1
  fi
  host prepare || return 1
  case $(status stage)-$(status action) in
    verified-*) ;;
    validated-restart) restart ;;
    *) lost "$(status reason)" "$(status message)"; return 1 ;;
  esac
}

# stay REASON MESSAGE: the node stays as it is.
stay() {
  untaint_if_healthy
  settle unused
  failed "$1" "$2"
}

untaint_if_healthy() { [ "$(check_host)" != healthy ] || taint off || true; }

# announce: label, startup taint, annotations, Event. The label only after the runtime is seen live; a kubelet that just
# restarted may overwrite it, so it has to hold.
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
    nap 2
  done
  taint off && annotate_anew ready '' "$warnings" || return 1
  event Normal SysboxReady "the Sysbox runtime is live on this node"
  touch "$SCRATCH/ready"
}

# revive: the daemons died under running pods. The drain taints the node; announce takes the taint off.
revive() {
  not_ready
  event Warning DaemonsDead "sysbox-mgr or sysbox-fs died: running system pods are broken and are moved away"
  annotate draining DaemonsDead "moving system pods away before the daemons start again"
  drain || { failed DaemonsDead "the Sysbox daemons are dead, and system pods are $DRAIN_ERROR"; return 1; }
  host revive || return 1
  [ "$(status stage)" = verified ] || { failed "$(status reason)" "$(status message)"; return 1; }
}

# --- the removal ---

# remove: uninstall is desired state: drained, the label off, then everything that was written. What follows the last step on
# the host is repeated until it is done, since this pod may die between the two.
remove() {
  find_slot || return 1
  if [ -d "$HOST_STATE" ]; then remove_from_host || return 1; fi
  settle success
  taint off && own_node || return 1
  if [ "$(jq '.metadata.annotations["cdk8s-sysbox.io/stage"] != null' "$SCRATCH/node")" = true ]; then
    annotations_off || return 1
    event Normal SysboxRemoved "the Sysbox runtime was removed from this node"
  fi
  touch "$SCRATCH/ready"
}

remove_from_host() {
  publish_programs || { failed CannotWrite "the programs cannot be copied to the host: is /var/lib full or read-only?"; return 1; }
  take_slot || return 1
  annotate draining '' "moving system pods away before the uninstall"
  drain || { stay DrainTimeout "$DRAIN_ERROR"; return 1; }
  label '' && host uninstall || return 1
  [ -d "$HOST_STATE" ] || return 0
  [ "$(journal state)" = removing ] || settle unused
  lost "$(status reason)" "$(status message)"
  return 1
}

# --- the loop ---

# watch: one look a minute, one GET of the own node; returns when there is something to do.
watch() {
  while nap 60; do
    alive
    case $(check_host) in
      healthy) ;;
      unknown) continue ;;
      *) return 0 ;;
    esac
    own_node || continue
    [ "$(jq --arg revision "$REVISION" '.metadata.labels["sysbox-runtime"] == "running"
      and .metadata.annotations["cdk8s-sysbox.io/stage"] == "ready" and .metadata.annotations["cdk8s-sysbox.io/revision"] == $revision
      and all(.spec.taints[]?; .key != "sysbox-runtime")' "$SCRATCH/node")" = true ] || return 0
  done
}

# A held slot is renewed on time, also between two rounds.
rest() {
  alive
  if [ "$SLOT" = held ]; then nap "$SLOT_POLL"; else nap "$RETRY_PERIOD"; fi
}

main() {
  trap 'exit 0' TERM INT
  set_revision
  rm -f "$SCRATCH/ready" "$SCRATCH/seen"
  alive
  if [ "$UNINSTALL" = true ]; then
    until remove; do rest; done
    while nap 60; do alive; done
  fi
  while :; do
    if converge; then watch; else rest; fi
  done
}

main
