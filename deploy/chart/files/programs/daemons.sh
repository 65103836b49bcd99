# sysbox-mgr and sysbox-fs, which listen before the engine's configuration names the runtime.
# shellcheck shell=sh

# The kernel's list of listening sockets (flag 00010000, __SO_ACCEPTCON): a socket *file* outlives its daemon (node-findings).
# PID 1's, since each network namespace has a list of its own, and `check` is called from the pod.
listens() {
  awk -v path="$1" '$NF == path && $4 == "00010000" { found = 1 } END { exit !found }' "$ROOT/proc/1/net/unix"
}

daemons_answer() {
  listens $SYSBOX_RUN/sysmgr.sock && listens $SYSBOX_RUN/sysfs.sock
}

# sysbox-mgr takes up to 45 s (its unit's TimeoutStartSec).
start_daemons() {
  daemons_answer && return 0
  sctl reset-failed sysbox.service sysbox-mgr.service sysbox-fs.service 2>/dev/null || true
  sctl start sysbox.service || true
  tries=0
  until daemons_answer; do
    tries=$((tries + 1))
    [ $tries -lt 30 ] || return 1
    sleep 2
  done
}

stop_daemons() {
  sctl stop sysbox.service sysbox-fs.service sysbox-mgr.service 2>/dev/null || true
  listens $SYSBOX_RUN/sysfs.sock || unmount_dead
}

# A sysbox-fs that was killed leaves the mounts of its containers behind ("transport endpoint is not connected"), and its
# successor does not remove them: seen on a node.
unmount_dead() {
  for dead in $(awk '$2 ~ "^/var/lib/sysboxfs/" { print $2 }' "$ROOT/proc/1/mounts" 2>/dev/null); do
    umount -l "$ROOT$dead" 2>/dev/null || true
    rmdir "$ROOT$dead" 2>/dev/null || true
  done
}

daemons_down() {
  fail DaemonsDown "sysbox-mgr or sysbox-fs does not listen on $SYSBOX_RUN: see journalctl -u sysbox-mgr -u sysbox-fs on the node"
}

# switch: to another release or other units. A restart of the daemons removes their data and breaks running system pods
# (sysbox-mgr cleanupWorkDirs): the coordinator drains the node first.
switch() {
  recall || fail NoEngine "this node was never prepared"
  preflight
  check_version
  choose_path
  fill
  raise_sysctls
  [ -n "$(journal switching)" ] || begin_switch
  stop_daemons
  stage
  start_daemons || roll_back_switch UpgradeFailed "the daemons of release $RELEASE do not listen"
  unproven=daemons
  if engine_answers && [ "$(journal state)" = verified ]; then
    sandbox_runs || roll_back_switch UpgradeFailed "$SANDBOX_ERROR"
    unproven=switch
  fi
  record switching= "unproven=$unproven"
  prune_releases
  report staged
}

# A switch that is killed from here on starts again, and a rollback goes to the release before it.
begin_switch() {
  remember units "$UNITS/sysbox.service" "$UNITS/sysbox-mgr.service" "$UNITS/sysbox-fs.service"
  old=$(readlink "$CURRENT" 2>/dev/null || true)
  old=${old#releases/}
  # The release is in use already: the previous one stays the one to keep.
  if [ "$old" = "$RELEASE" ]; then kept=$(journal previous_release); else kept=$old; fi
  record switching=yes "back_release=$old" "previous_release=$kept"
}

# roll_back_switch REASON MESSAGE
roll_back_switch() {
  old=$(journal back_release)
  stop_daemons
  restore units
  [ -z "$old" ] || point_to "$CURRENT" "releases/$old"
  sctl daemon-reload
  start_daemons || daemons_down
  record switching= unproven=daemons "failed_change=$(change_id)" "reason=$1" "message=$2"
  fail "$1" "the previous release is back: $2"
}

# revive: after a drain, when a daemon died (its units have no Restart=, since a restart wipes their data).
revive() {
  preflight
  stop_daemons
  start_daemons || daemons_down
  sandbox_runs || fail SandboxFailed "$SANDBOX_ERROR"
  [ -n "$(journal unproven)" ] || record unproven=daemons
  report verified
}
