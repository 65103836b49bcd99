#!/bin/sh
# The host program: what changes a node. Runs on the host in a transient systemd unit, so that the death of the pod that
# asked for it changes nothing. Usage: host.sh COMMAND [RUN [RELEASE [ARGUMENT...]]]
set -eu
# Copies and dumps of an engine's configuration can hold passwords of registries.
umask 077
# NixOS has its programs there, and a unit's PATH lacks it: NixOS is to be refused for its real reason, not for missing programs.
PATH=$PATH:/run/current-system/sw/bin

HERE=$(cd "$(dirname "$0")" && pwd -P)
COMMAND=$1
RUN=${2:-$COMMAND}
RELEASE=${3:-}
ACTION='' TARGET='' UNIT='' WARNINGS='' SANDBOX_ERROR='' REPORTED='' STEP=''

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
# shellcheck source=apparmor.sh
. "$HERE/apparmor.sh"
# shellcheck source=subids.sh
. "$HERE/subids.sh"
# shellcheck source=sysctls.sh
. "$HERE/sysctls.sh"
# shellcheck source=stage.sh
. "$HERE/stage.sh"
# shellcheck source=configuration.sh
. "$HERE/configuration.sh"
# shellcheck source=daemons.sh
. "$HERE/daemons.sh"
# shellcheck source=verify.sh
. "$HERE/verify.sh"
# shellcheck source=commit.sh
. "$HERE/commit.sh"
# shellcheck source=rollback.sh
. "$HERE/rollback.sh"
# shellcheck source=deadman.sh
. "$HERE/deadman.sh"
# shellcheck source=guard.sh
. "$HERE/guard.sh"
# shellcheck source=uninstall.sh
. "$HERE/uninstall.sh"
# The user's props, written at synth.
# shellcheck source=/dev/null
. "$HERE/settings.env"

# prepare: everything that needs no restart; ends with the action for what does.
prepare() {
  if [ "$DRY_RUN" != true ]; then
    resume_rollback
    if unfinished; then
      ACTION=restart
      report validated
      return 0
    fi
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
  refuse_missing_guard
  start_daemons || daemons_down
  if in_force; then
    prune_programs
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

# unfinished: whether a change was killed. `commit` resumes and judges it before anything else is checked: its files may be incomplete, and the
# engine down.
unfinished() {
  case $(journal state) in
    committed|restarted) recall ;;
    *) return 1 ;;
  esac
}

# resume_rollback: finishes one that was killed, before anything else.
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

# directories: where the coordinator copies the binaries to.
directories() { make_directory "$RELEASES"; }

# check: for the coordinator, once a minute. Changes nothing; prints one word.
check() {
  recall || { echo absent; return 0; }
  [ "$(journal state)" = verified ] || { echo unverified; return 0; }
  daemons_answer || { echo daemons-dead; return 0; }
  if [ ! -f "$(journal target)" ] || [ ! -f "$GUARD_CONF" ]; then echo drift; return 0; fi
  [ "$(journal form)" != drop-in ] || [ "$(drop_in)" = "$(journal target)" ] || { echo drift; return 0; }
  echo healthy
}

# one_at_a_time: the dead-man, a command of an earlier pod and ours never change the node at the same time. The kernel releases the
# lock when its holder dies. The dead-man does not wait for a command: the deadline has passed.
one_at_a_time() {
  make_private "$STATE"
  [ "$COMMAND" != deadman ] || sctl stop "$RUN_UNIT.service" 2>/dev/null || true
  command -v flock >/dev/null 2>&1 || return 0
  exec 9<"$STATE"
  case $COMMAND in directories) flock -w 60 9 ;; *) flock 9 ;; esac # `directories` is called from a pod, whose liveness is watched
}

# is_begun_by_others: whether other programs began the change. Their settings apply to it: the handler or the deadline can differ.
is_begun_by_others() {
  case $(journal state) in committed|restarted|rolling-back) ;; *) return 1 ;; esac
  began=$(journal programs)
  [ -n "$began" ] && [ "$began" != "${HERE##*/}" ] && [ -f "$PROGRAMS/$began/host.sh" ]
}

# refuse_dry_run: one gate before every command that changes the node.
refuse_dry_run() {
  [ "$DRY_RUN" != true ] || fail DryRun "dryRun is set, and '$COMMAND' changes the node: nothing was changed"
}

# The programs that began a change finish it. A dry run does not, but the guard and the dead-man do their work meanwhile.
case $COMMAND:$DRY_RUN in
  guard:*|deadman:*|prepare:false|commit:false|confirm:false|abandon:false)
    ! is_begun_by_others || exec /bin/sh "$PROGRAMS/$began/host.sh" "$@"
    ;;
esac

case $COMMAND in
  guard|check|sysctls) "$COMMAND" ;;
  prepare|deadman)
    trap 'report_unexpected $?' EXIT
    one_at_a_time
    "$COMMAND"
    ;;
  commit|confirm|accept|uninstall|retry|revive|switch|directories)
    trap 'report_unexpected $?' EXIT
    refuse_dry_run
    one_at_a_time
    "$COMMAND"
    ;;
  abandon)
    trap 'report_unexpected $?' EXIT
    refuse_dry_run
    one_at_a_time
    abandon "$4" "$5"
    ;;
  *) echo "host.sh: unknown command $COMMAND" >&2; exit 2 ;;
esac
