#!/bin/sh
# The coordinator: what runs in the DaemonSet's pod. It asks the host program for each step, holds the restart slot, looks at
# the node through the API, and says what happens. It may die at any instant: everything it did is asked of the host anew.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd -P)
HOST=${HOST_ROOT:-/host}
SCRATCH=${SCRATCH_DIR:-/tmp}
DRAIN_ERROR=''

# shellcheck source=/dev/null
. "$HERE/settings.env"
# shellcheck source=api.sh
. "$HERE/api.sh"
# shellcheck source=report.sh
. "$HERE/report.sh"
# shellcheck source=slots.sh
. "$HERE/slots.sh"
# shellcheck source=drain.sh
. "$HERE/drain.sh"

HOST_STATE=$HOST/var/lib/cdk8s-sysbox

# The liveness probe reads this file's age.
alive() { touch "$SCRATCH/alive"; }

# on_host COMMAND...: in the host's root. systemd is reached because the pod shares the host's PIDs (node-findings); in a chroot
# systemctl does nothing and exits 0 unless told otherwise.
on_host() { chroot "$HOST" env SYSTEMD_IGNORE_CHROOT=1 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

# publish: these programs and the Sysbox binaries, complete or not at all, each release under the hash of its content.
publish() {
  programs=$HOST_STATE/programs
  mkdir -p "$programs"
  if [ ! -d "$programs/$PLAN_HASH" ]; then
    rm -rf "$programs/incoming"
    mkdir "$programs/incoming"
    cp -L "$HERE"/* "$programs/incoming/"
    sync
    mv "$programs/incoming" "$programs/$PLAN_HASH"
  fi
  rm -f "$programs/current.new"
  ln -s "$PLAN_HASH" "$programs/current.new"
  mv -T -f "$programs/current.new" "$programs/current"
  [ "$SOURCE" = image ] || { RELEASE=host; return 0; }
  RELEASE=$(cd "$IMAGE_BINARIES" && sha256sum sysbox-runc sysbox-fs sysbox-mgr | sha256sum | cut -c1-16)
  [ "$DRY_RUN" != true ] || return 0
  copy_release
}

copy_release() {
  releases=$HOST/opt/sysbox/releases
  [ ! -d "$releases/$RELEASE" ] || return 0
  note_folders
  rm -rf "$releases/incoming"
  mkdir "$releases/incoming"
  for binary in sysbox-runc sysbox-fs sysbox-mgr; do
    cp "$IMAGE_BINARIES/$binary" "$releases/incoming/$binary"
    chmod 755 "$releases/incoming/$binary"
  done
  sync
  mv "$releases/incoming" "$releases/$RELEASE"
}

# The folders are made by the host's own function, so that they are in the list of what is ours.
note_folders() { on_host /bin/sh "/var/lib/cdk8s-sysbox/programs/current/host.sh" folders; }

status() { jq -r --arg key "$1" '.[$key] // ""' "$HOST_STATE/status.json" 2>/dev/null || true; }

# host COMMAND [ARGUMENT...]: in a transient unit of the host. One name for all: a command that an earlier pod began is
# waited for, never doubled. A report of another run means that ours was killed: it is asked again by the caller's loop.
host() {
  wait_for_host
  run=$1-$(cat /proc/sys/kernel/random/uuid)
  command=$1
  shift
  on_host systemd-run --collect --quiet --unit=cdk8s-sysbox-run /bin/sh \
    /var/lib/cdk8s-sysbox/programs/current/host.sh "$command" "$run" "$RELEASE" "$@" || return 1
  wait_for_host
  [ "$(status run)" = "$run" ] || [ "$command" = uninstall ]
}

wait_for_host() {
  while on_host systemctl --quiet is-active cdk8s-sysbox-run.service || [ "$(on_host systemctl show --property=ActiveState --value cdk8s-sysbox-run.service)" = activating ]; do
    [ "${HOLDING:-}" != yes ] || renew
    alive
    sleep 2
  done
}

# failed: says why, keeps not ready, and waits. A person acts, or the next round finds the cause gone.
failed() {
  rm -f "$SCRATCH/ready"
  annotate failed "$1" "$2"
  event Warning "$1" "$2"
}

not_ready() { rm -f "$SCRATCH/ready"; }

# Before 1.33 the API server drops hostUsers silently, and the kubelet still reports the handler as capable.
check_cluster() {
  kubelet=$(own_node | jq -r .status.nodeInfo.kubeletVersion) || return 1
  minor=$(echo "$kubelet" | sed 's/^v1\.\([0-9]*\).*/\1/')
  [ "$ALLOW_OLD_KUBERNETES" = true ] || [ "$minor" -ge 33 ] || {
    failed OldKubernetes "kubelet $kubelet: before 1.33 \`hostUsers: false\` is dropped silently unless the UserNamespacesSupport gate is on"
    return 1
  }
}

# A person's word: try a failed change again.
heed_retry() {
  [ "$(own_node | jq -r '.metadata.annotations["cdk8s-sysbox.io/retry"] // ""')" = true ] || return 0
  host retry || return 0
  patch_node '{"metadata":{"annotations":{"cdk8s-sysbox.io/retry":null}}}' || true
}

converge() {
  publish
  check_cluster || return 1
  heed_retry
  host prepare || { say "the host program was interrupted; asking again"; return 1; }
  case $(status stage)-$(status plan) in
    validated-dry-run) annotate validated DryRun "$(status message)"; return 1 ;;
    validated-upgrade) upgrade || return 1 ;;
    validated-restart) restart || return 1 ;;
    verified-*) resume_slot ;;
    *) failed "$(status reason)" "$(status message)"; return 1 ;;
  esac
  announce
}

# A pod that died after its restart finds the node verified and the slot still its own.
resume_slot() {
  ! read_lease || [ "$(rollout_state | jq --arg me "$NODE_NAME" '(.holders[$me] // .failed[$me]) != null')" != true ] || release success
}

restart() {
  not_ready
  acquire || { failed RolloutStopped "$WHY"; return 1; }
  HOLDING=yes
  annotate committed '' "restarting $(status unit)"
  host commit || { HOLDING=''; return 1; }
  if [ "$(status stage)" != restarted ]; then
    reason=$(status reason) message=$(status message)
    settle failure "$reason"
    failed "$reason" "$message"
    return 1
  fi
  if seen_by_api; then
    host confirm || { HOLDING=''; return 1; }
    settle success
  else
    host abandon "$API_REASON" "$API_ERROR" || true
    settle failure "$API_REASON"
    failed "$API_REASON" "$API_ERROR"
    return 1
  fi
}

settle() {
  HOLDING=''
  release "$@"
}

# seen_by_api: what only the API shows: the kubelet reports again (its own clock wrote both times), Ready, and the handler with
# user namespaces.
seen_by_api() {
  since=$(status restartedAt)
  until_=$(($(monotonic) + DEADLINE))
  API_REASON=NotSeen API_ERROR="the API server does not answer"
  while [ "$(monotonic)" -lt $until_ ]; do
    renew
    node=$(own_node) || { sleep 5; continue; }
    API_ERROR=$(printf '%s' "$node" | jq -r --arg since "$since" --arg handler "$HANDLER" '
      ([.status.conditions[] | select(.type == "Ready")] | first) as $ready
      | ([.status.runtimeHandlers[]? | select(.name == $handler)] | first) as $found
      | if $ready.lastHeartbeatTime < $since then "the kubelet has not reported since the restart at \($since)"
        elif $ready.status != "True" then "the node is not Ready: \($ready.message)"
        elif $found == null then "the handler \($handler) is not in node.status.runtimeHandlers"
        elif $found.features.userNamespaces != true then "the handler \($handler) has no user namespaces"
        else "" end')
    [ -n "$API_ERROR" ] || return 0
    sleep 5
  done
  API_REASON=NotHealthy
  return 1
}

# upgrade: binaries or units change under running system pods.
upgrade() {
  not_ready
  acquire || { failed RolloutStopped "$WHY"; return 1; }
  HOLDING=yes
  annotate draining '' "moving system pods away before the upgrade"
  drain || { settle failure DrainTimeout; taint off; failed DrainTimeout "$DRAIN_ERROR"; return 1; }
  host switch || { HOLDING=''; return 1; }
  if [ "$(status stage)" = failed ]; then
    reason=$(status reason) message=$(status message)
    settle failure "$reason"
    taint off
    failed "$reason" "$message"
    return 1
  fi
  host prepare || { HOLDING=''; return 1; }
  settle success
  case $(status stage)-$(status plan) in
    verified-*) return 0 ;;
    validated-restart) restart ;;
    *) failed "$(status reason)" "$(status message)"; return 1 ;;
  esac
}

# The label only after the runtime is seen live; a kubelet that just restarted may overwrite it, so it has to hold.
announce() {
  held=0
  while [ $held -lt 3 ]; do
    alive
    if [ "$(own_node | jq -r '.metadata.labels["sysbox-runtime"] // ""')" = running ]; then
      held=$((held + 1))
    else
      held=0
      label running || true
    fi
    sleep 2
  done
  taint off
  annotate ready '' ''
  event Normal SysboxReady "the Sysbox runtime is live on this node"
  touch "$SCRATCH/ready"
}

# revive: the daemons died under running pods.
revive() {
  not_ready
  event Warning DaemonsDead "sysbox-mgr or sysbox-fs died: running system pods are broken and are moved away"
  annotate draining DaemonsDead "moving system pods away before the daemons start again"
  drain || { failed DaemonsDead "$DRAIN_ERROR"; return 1; }
  host revive || return 1
  [ "$(status stage)" = verified ] || { failed "$(status reason)" "$(status message)"; return 1; }
  announce
}

# Uninstall is desired state: drained, the label off, then everything that was written.
remove() {
  [ -d "$HOST_STATE" ] || { annotations_off; touch "$SCRATCH/ready"; return 0; }
  not_ready
  publish_programs_only
  acquire || { failed RolloutStopped "$WHY"; return 1; }
  HOLDING=yes
  annotate draining '' "moving system pods away before the uninstall"
  drain || { settle failure DrainTimeout; taint off; failed DrainTimeout "$DRAIN_ERROR"; return 1; }
  label '' || { HOLDING=''; return 1; }
  host uninstall || { HOLDING=''; return 1; }
  if [ -d "$HOST_STATE" ]; then
    reason=$(status reason) message=$(status message)
    settle failure "$reason"
    failed "$reason" "$message"
    return 1
  fi
  settle success
  taint off
  annotations_off
  event Normal SysboxRemoved "the Sysbox runtime was removed from this node"
  touch "$SCRATCH/ready"
}

publish_programs_only() {
  wanted=$DRY_RUN
  DRY_RUN=true
  publish
  DRY_RUN=$wanted
}

annotations_off() {
  patch_node '{"metadata":{"annotations":{"cdk8s-sysbox.io/stage":null,"cdk8s-sysbox.io/plan":null,"cdk8s-sysbox.io/reason":null,"cdk8s-sysbox.io/message":null}}}' || true
}

# watch: one look a minute, one GET of the own node; returns when there is something to do.
watch() {
  while sleep_through 60; do
    alive
    case $(on_host /bin/sh /var/lib/cdk8s-sysbox/programs/current/host.sh check 2>/dev/null || echo unknown) in
      healthy) ;;
      daemons-dead) revive || return 0 ;;
      unknown) continue ;;
      *) return 0 ;;
    esac
    [ "$(own_node | jq -r '.metadata.labels["sysbox-runtime"] // ""')" = running ] || [ "$(code)" = 000 ] || return 0
  done
}

# The trap for TERM runs only between commands: `wait` lets it through at once.
sleep_through() {
  sleep "$1" &
  wait $!
}

main() {
  trap 'exit 0' TERM INT
  rm -f "$SCRATCH/ready"
  alive
  while :; do
    if [ "$UNINSTALL" = true ]; then
      remove || true
      sleep_through 60
    elif converge; then
      watch
    else
      alive
      sleep_through "$RETRY_PERIOD"
    fi
  done
}

main
