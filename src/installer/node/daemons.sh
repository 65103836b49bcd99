# sysbox-mgr and sysbox-fs: alive before containerd's configuration names the runtime.
# shellcheck shell=sh

# The kernel's list of listening sockets (flag 00010000, __SO_ACCEPTCON): a socket *file* outlives its daemon (node-findings).
listens() {
  awk -v path="$1" '$NF == path && $4 == "00010000" { found = 1 } END { exit !found }' "$ROOT/proc/net/unix"
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
  while ! daemons_answer; do
    tries=$((tries + 1))
    [ $tries -lt 30 ] ||
      fail DaemonsDown "sysbox-mgr or sysbox-fs does not listen on $SYSBOX_RUN: see journalctl -u sysbox-mgr -u sysbox-fs on the node"
    sleep 2
  done
}

# A restart of the daemons removes their data and breaks running system pods (sysbox-mgr cleanupWorkDirs): the
# coordinator drains the node first.
switch_release() {
  preflight
  check_version
  old=$(readlink "$CURRENT" 2>/dev/null || true)
  record "previous_release=${old#releases/}"
  sctl stop sysbox.service sysbox-fs.service sysbox-mgr.service
  stage
  start_daemons
  if containerd_answers && [ "$(journal state)" = verified ]; then
    sandbox_runs || switch_back
  fi
  prune_releases
  report staged
}

switch_back() {
  why=$SANDBOX_ERROR
  [ -n "$old" ] && [ "$SOURCE" = image ] || fail UpgradeFailed "no sandbox runs with the new release: $why"
  sctl stop sysbox.service sysbox-fs.service sysbox-mgr.service
  point_to "$CURRENT" "$old"
  start_daemons
  record "failed_plan=$(plan_id)"
  fail UpgradeFailed "no sandbox runs with release $RELEASE, so ${old#releases/} is back: $why"
}

# revive: after a drain, when a daemon died (its units have no Restart=, since a restart wipes their data).
revive() {
  preflight
  start_daemons
  sandbox_runs || fail SandboxFailed "$SANDBOX_ERROR"
  report verified
}
