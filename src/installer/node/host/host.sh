#!/bin/sh
# The host program: what changes a node. Runs on the host in a transient systemd unit, so that the death of the pod that
# asked for it changes nothing. Usage: host.sh COMMAND [RUN [RELEASE [ARGUMENT...]]]
set -eu

HERE=$(cd "$(dirname "$0")" && pwd -P)
COMMAND=$1
RUN=${2:-$COMMAND}
RELEASE=${3:-}
ACTION='' TARGET='' UNIT='' WARNINGS='' SANDBOX_ERROR='' CONFIG_DIR=''

# shellcheck source=paths.sh
. "$HERE/paths.sh"
# shellcheck source=durable.sh
. "$HERE/durable.sh"
# shellcheck source=journal.sh
. "$HERE/journal.sh"
# shellcheck source=node.sh
. "$HERE/node.sh"
# shellcheck source=preflight.sh
. "$HERE/preflight.sh"
# shellcheck source=packages.sh
. "$HERE/packages.sh"
# shellcheck source=stage.sh
. "$HERE/stage.sh"
# shellcheck source=containerd.sh
. "$HERE/containerd.sh"
# shellcheck source=daemons.sh
. "$HERE/daemons.sh"
# shellcheck source=verify.sh
. "$HERE/verify.sh"
# shellcheck source=restart.sh
. "$HERE/restart.sh"
# shellcheck source=guard.sh
. "$HERE/guard.sh"
# shellcheck source=uninstall.sh
. "$HERE/uninstall.sh"
# The user's props, written at synth.
# shellcheck source=/dev/null
. "$HERE/settings.env"

# prepare: everything that needs no restart; ends with the action for what does.
prepare() {
  resume_rollback
  if unfinished; then
    ACTION=restart
    report validated
    return 0
  fi
  preflight
  choose_path
  fill
  validate
  refuse_failed_change
  if [ "$DRY_RUN" = true ]; then
    ACTION=dry-run
    report validated DryRun "would write $TARGET and restart $UNIT; nothing was changed"
    return 0
  fi
  check_version
  # The daemons' data is wiped at their start, so both of these come after a drain.
  if daemons_died; then fail DaemonsDead "sysbox-mgr or sysbox-fs died under running system pods"; fi
  if switch_is_due; then
    ACTION=upgrade
    report validated
    return 0
  fi
  report staged
  stage
  start_daemons || daemons_down
  if in_force; then
    ACTION=none
    report verified
  else
    ACTION=restart
    report validated
  fi
}

in_force() { [ "$(journal state)" = verified ] && config_in_place; }

daemons_died() { [ "$(journal state)" = verified ] && [ -z "$(journal switching)" ] && ! daemons_answer; }

switch_is_due() { [ -n "$(journal switching)" ] || { daemons_answer && ! staged_is_current; }; }

# A change that was killed: `commit` goes on with it and judges it, before anything else is looked at. Its files may be half
# there, and K3s down.
unfinished() {
  case $(journal state) in
    committed|restarted) recall ;;
    *) return 1 ;;
  esac
}

# A rollback that was killed is finished before anything else.
resume_rollback() {
  [ "$(journal state)" != rolling-back ] || { recall && roll_back "$(journal reason)" "$(journal message)"; }
}

refuse_failed_change() {
  [ -z "$(journal failed_change)" ] || [ "$(journal failed_change)" != "$(change_id)" ] ||
    fail "$(journal reason)" "this change failed before and was rolled back: $(journal message). Change it, or annotate the node cdk8s-sysbox.io/retry=true"
  interruptions=$(journal interruptions)
  [ "${interruptions:-0}" -lt 3 ] ||
    fail Interrupted "the node went down ${interruptions} times in the middle of this change: annotate it cdk8s-sysbox.io/retry=true to try again"
}

# retry: a person wants the failed change tried again.
retry() {
  record failed_change= interruptions=0
  report absent
}

# folders: where the coordinator copies the binaries to.
folders() { make_folder "$RELEASES"; }

# check: for the slow timer. Reads only; one word.
check() {
  recall || { echo absent; return 0; }
  [ "$(journal state)" = verified ] || { echo unverified; return 0; }
  daemons_answer || { echo daemons-dead; return 0; }
  if [ ! -f "$(journal target)" ] || [ ! -f "$GUARD_CONF" ]; then echo drift; return 0; fi
  current=$(imported_folder)
  case $(journal target) in
    *.tmpl) ;;
    *) [ "$ROOT$current/$DROP_IN_NAME" = "$(journal target)" ] || { echo drift; return 0; } ;;
  esac
  echo healthy
}

# one_at_a_time: the dead-man, a command of an earlier pod and ours never change the node at once. The kernel lets go of the
# lock when its holder dies. The dead-man is the one who has waited long enough.
one_at_a_time() {
  [ "$COMMAND" != deadman ] || sctl stop "$RUN_UNIT.service" 2>/dev/null || true
  command -v flock >/dev/null 2>&1 || return 0
  exec 9<"$STATE"
  case $COMMAND in folders) flock -w 60 9 ;; *) flock 9 ;; esac # `folders` is called from a pod, whose liveness is watched
}

case $COMMAND in
  guard|check) "$COMMAND" ;;
  prepare|commit|confirm|deadman|uninstall|retry|revive|switch|folders) one_at_a_time && "$COMMAND" ;;
  abandon) one_at_a_time && abandon "$4" "$5" ;;
  *) echo "host.sh: unknown command $COMMAND" >&2; exit 2 ;;
esac
