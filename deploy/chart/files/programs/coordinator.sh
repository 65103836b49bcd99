#!/bin/sh
# The coordinator: runs in the DaemonSet's pod. It has the host program do each step, holds the restart slot, watches the node through
# the API, and reports. It may die at any instant: it remembers nothing that is not on the host or in the ConfigMap.
#
# Nearly all of this runs where `set -e` has no effect (inside conditions): a command whose failure matters has `|| return 1`.
set -eu

# What is copied to the host is for root alone: settings and reports can hold what a user must not read.
umask 077

HERE=$(cd "$(dirname "$0")" && pwd -P)
HOST=${HOST_ROOT:-/host}
SCRATCH=${SCRATCH_DIR:-/tmp}
REVISION=

# The paths on the host, in the table that the host programs use.
SYSBOX_ROOT=$HOST
# shellcheck source=../host/paths.sh
. "$HERE/paths.sh"
# shellcheck source=settings.sh
. "$HERE/settings.sh"
# shellcheck source=api.sh
. "$HERE/api.sh"
# shellcheck source=report.sh
. "$HERE/report.sh"
# shellcheck source=slots.sh
. "$HERE/slots.sh"
# shellcheck source=drain.sh
. "$HERE/drain.sh"
# shellcheck source=host-client.sh
. "$HERE/host-client.sh"
# shellcheck source=checks.sh
. "$HERE/checks.sh"
# shellcheck source=verify-pod.sh
. "$HERE/verify-pod.sh"
# shellcheck source=converge.sh
. "$HERE/converge.sh"
# shellcheck source=remove.sh
. "$HERE/remove.sh"

# The liveness probe reads this file's age.
alive() { touch "$SCRATCH/alive"; }

# interruptible_sleep SECONDS: a trap runs only between commands, and `wait` lets TERM through immediately.
interruptible_sleep() {
  sleep "$1" &
  wait $!
}

# pause SECONDS: waits in steps of a minute, each with at most one request. Ends early when the node's administrator requests a retry.
pause() {
  left=$1
  while [ "$left" -gt 0 ]; do
    alive
    if [ "$left" -lt 60 ]; then interruptible_sleep "$left"; else interruptible_sleep 60; fi
    left=$((left - 60))
    count_when_due
    [ "$left" -le 0 ] || ! own_node || ! is_retry_requested || return 0
  done
}

# rest: waits until the next round; the interval grows up to a quarter of an hour. A held slot is renewed in time.
rest() {
  alive
  [ "$SLOT" != held ] || { interruptible_sleep "$SLOT_POLL"; return 0; }
  pause "$rest_period"
  if [ "$rest_period" -lt 450 ]; then rest_period=$((2 * rest_period)); else rest_period=900; fi
}

# watch: checks once a minute, with one GET of its own node; returns when there is something to do.
watch() {
  while interruptible_sleep 60; do
    alive
    case $(check_host) in
      healthy) ;;
      unknown) continue ;;
      *) return 0 ;;
    esac
    count_when_due
    own_node || continue
    is_announced || return 0
  done
}

is_announced() {
  [ "$(jq --arg revision "$REVISION" '.metadata.labels["sysbox-runtime"] == "running"
    and .metadata.annotations["cdk8s-sysbox.io/stage"] == "ready" and .metadata.annotations["cdk8s-sysbox.io/revision"] == $revision
    and all(.spec.taints[]?; .key != "sysbox-runtime")' "$SCRATCH/node")" = true ]
}

# A dry run changes nothing, whatever else is asked for.
next_step() {
  if [ "$DRY_RUN" = true ]; then echo dry_run
  elif [ "$UNINSTALL" = true ]; then echo remove
  else echo converge; fi
}

# clean_up_once: removes what an earlier pod of this node left when it died.
clean_up_once() {
  [ -z "${CLEANED_UP:-}" ] || return 0
  remove_verification_pods || { failed NoVerificationPod "$POD_ERROR"; return 1; }
  CLEANED_UP=yes
}

# Without this, an error of this program would be an endless loop that only the pod's log shows.
on_exit() {
  ended=$?
  [ $ended -ne 0 ] || return 0
  message="the installer's pod ended with $ended in step ${step:-start}: read its log (kubectl -n $NAMESPACE logs $POD_NAME --previous)"
  annotate failed InstallerError "$message" || true
  event Warning InstallerError "$message"
}

main() {
  trap 'exit 0' TERM INT
  trap on_exit EXIT
  rm -f "$SCRATCH/ready" "$SCRATCH/seen" "$SCRATCH/annotated"
  alive
  read_settings
  set_revision
  rest_period=$RETRY_PERIOD
  while :; do
    step=$(next_step)
    until is_bound && clean_up_once && host_can_be_used && "$step"; do rest; done
    rest_period=$RETRY_PERIOD
    case $step in
      converge) watch ;;
      *) pause 86400 ;;
    esac
  done
}

main
