# Uninstall is desired state: a drain, removal of the label, then removal of every file that was written. What follows the last step on the host
# is repeated until it is done, since this pod may die in between.
# shellcheck shell=sh

# The annotations stay: the servers wait until every agent has removed this revision.
remove() {
  find_slot_or_fail || return 1
  if [ -d "$STATE" ]; then remove_from_host || return 1; fi
  own_node || return 1
  [ "$(jq '.metadata.annotations["cdk8s-sysbox.io/stage"] // "removed"' "$SCRATCH/node")" = '"removed"' ] ||
    event Normal SysboxRemoved "the Sysbox runtime was removed from this node"
  label '' && leave_taint && annotate_always removed '' '' || return 1
  release_if_held success
  touch "$SCRATCH/ready"
}

remove_from_host() {
  publish_programs || { failed CannotWrite "the programs cannot be copied to the host: is /var/lib full or read-only?"; return 1; }
  can_drain_or_fail && take_slot || return 1
  annotate draining '' "moving system pods away before the uninstall"
  drain || { stay "$DRAIN_REASON" "$DRAIN_ERROR"; return 1; }
  label '' && host uninstall || return 1
  [ -d "$STATE" ] || return 0
  [ "$(journal state)" = removing ] || release_if_held unused
  fail_and_release "$(status reason)" "$(status message)"
  return 1
}

# leave_taint: if the RuntimeClass selects nodes without the runtime, the taint stays: nothing else keeps pods away.
leave_taint() { if [ "$SCHEDULING" = intended ]; then taint on; else taint off; fi; }
