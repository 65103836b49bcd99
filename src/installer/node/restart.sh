# The one restart of K3s: journal, dead-man timer, restart, local verification, and the way back.
# shellcheck shell=sh

# What identifies a change: tried and failed once, the same change is not tried again.
plan_id() {
  { echo "$RELEASE $FORM $TARGET"; cat "$WORK/wanted" "$HERE"/sysbox*.service; } | sha256sum | cut -c1-16
}

seconds() { cut -d. -f1 "$ROOT/proc/uptime"; }

# The timer lives in systemd, not in the pod: it fires whatever dies. Its default accuracy of a minute is too coarse.
arm_deadman() {
  ! sctl --quiet is-active "$DEADMAN_UNIT.timer" || return 0
  sctl reset-failed "$DEADMAN_UNIT.service" 2>/dev/null || true
  SYSTEMD_IGNORE_CHROOT=1 systemd-run --collect --quiet --unit="$DEADMAN_UNIT" --on-active="$DEADLINE" \
    --timer-property=AccuracySec=1s /bin/sh "${PROGRAMS#"$ROOT"}/current/host.sh" deadman
  sctl --quiet is-active "$DEADMAN_UNIT.timer" || fail NoDeadMan "systemd did not take the dead-man timer: nothing was changed"
}

disarm_deadman() { sctl stop "$DEADMAN_UNIT.timer" 2>/dev/null || true; }

# remember PATH...: their content, or that they did not exist, so that restore_old can put back exactly that.
remember() {
  rm -rf "$BACKUP/change.new"
  mkdir -p "$BACKUP/change.new"
  number=0
  for path in "$@"; do
    number=$((number + 1))
    echo "$path" >"$BACKUP/change.new/$number.path"
    [ -e "$path" ] || continue
    cp -p "$path" "$BACKUP/change.new/$number.content"
    is_owned "$path" || : >"$BACKUP/change.new/$number.foreign"
  done
  for file in "$BACKUP/change.new"/*; do flush "$file"; done
  rm -rf "$BACKUP/change"
  mv "$BACKUP/change.new" "$BACKUP/change"
  flush "$BACKUP"
}

restore_old() {
  for noted in "$BACKUP/change"/*.path; do
    [ -f "$noted" ] || continue
    path=$(cat "$noted")
    if [ -f "${noted%.path}.content" ]; then
      cp -p "${noted%.path}.content" "$path.new"
      flush "$path.new"
      mv -f "$path.new" "$path"
      flush "$(dirname "$path")"
      [ ! -f "${noted%.path}.foreign" ] || disown "$path"
    else
      remove_file "$path" "$path.new"
    fi
  done
}

# A template taken over is kept until the uninstall puts it back.
keep_taken() {
  TAKEN=$(template_to_take)
  [ -n "$TAKEN" ] || return 0
  mkdir -p "$BACKUP/taken"
  cp -p "$TAKEN" "$BACKUP/taken/${TAKEN##*/}"
  flush "$BACKUP/taken/${TAKEN##*/}"
}

# commit: for the coordinator, once it holds a restart slot.
commit() {
  recall || fail NoContainerd "this node was never prepared"
  case $(journal state) in
    committed|restarted) arm_deadman ;; # killed on the way: go on where it stopped
    *) begin ;;
  esac
  TARGET=$(journal target)
  restart_k3s
  await_health || roll_back "$HEALTH_REASON" "$HEALTH_ERROR"
  record state=restarted "restarted_at=$(journal restart_asked_at)"
  report restarted
}

begin() {
  choose_path
  fill
  validate
  server_reachable || fail ServerUnreachable "the node's K3s server does not answer: a restart now would leave the node waiting for it"
  daemons_answer || fail DaemonsDown "sysbox-mgr or sysbox-fs does not listen: not committed"
  arm_deadman
  keep_taken
  remember_all
  record state=committed "plan=$(plan_id)" "target=$TARGET" "boot=$(boot_id)" "invocation=$(property "$UNIT" InvocationID)"
  [ -z "$TAKEN" ] || [ "$TAKEN" = "$TARGET" ] || remove_file "$TAKEN"
  [ -z "$TAKEN" ] || own "$TARGET"
  for stale in $(stale_targets); do remove_file "$stale"; done
  put_file "$TARGET" <"$WORK/wanted"
}

# The paths that this change touches; those of ours hold no white space.
remember_all() {
  set -- "$TARGET"
  [ -z "$TAKEN" ] || [ "$TAKEN" = "$TARGET" ] || set -- "$@" "$TAKEN"
  for stale in $(stale_targets); do set -- "$@" "$stale"; done
  remember "$@"
}

# Proof of a restart is another InvocationID: systemctl can exit 0 having done nothing.
restarted() { [ "$(property "$UNIT" InvocationID)" != "$(journal "$1")" ]; }

restart_k3s() {
  restarted invocation && return 0
  record "restart_asked_at=$(now)"
  sctl restart --no-block "$UNIT.service"
}

crash_loops() {
  restarts=$(property "$UNIT" NRestarts)
  [ "${restarts:-0}" -ge 2 ]
}

# await_health: containerd answers and a sandbox runs, within the deadline. The time an agent waits for its server does not
# count: it neither proves nor disproves the configuration.
await_health() {
  limit=$(($(seconds) + DEADLINE))
  HEALTH_REASON=NotRestarted HEALTH_ERROR="nothing was seen within $DEADLINE s"
  while [ "$(seconds)" -lt $limit ]; do
    sleep 2
    if ! restarted invocation; then
      HEALTH_REASON=NotRestarted HEALTH_ERROR="systemctl restart $UNIT left its InvocationID as it was"
      continue
    fi
    if crash_loops; then
      HEALTH_REASON=CrashLoop HEALTH_ERROR="$UNIT restarts over and over: $(containerd_log)"
      return 1
    fi
    if ! containerd_answers; then
      server_reachable || limit=$((limit + 2))
      HEALTH_REASON=ContainerdDown HEALTH_ERROR="containerd's socket $ADDRESS does not answer: $(containerd_log)"
      continue
    fi
    sandbox_runs && return 0
    HEALTH_REASON=SandboxFailed HEALTH_ERROR=$SANDBOX_ERROR
  done
  return 1
}

# containerd's reason is only in its own log.
containerd_log() { tail -n 1 "$ROOT$DATA_DIR/agent/containerd/containerd.log" 2>/dev/null | cut -c1-300; }

# roll_back REASON MESSAGE: the old configuration, and K3s started with it, once. Every step can be repeated.
roll_back() {
  record state=rolling-back "reason=$1" "message=$(json_string "$2")"
  restore_old
  if restarted invocation && [ -z "$(journal rollback_invocation)" ]; then
    record "rollback_invocation=$(property "$UNIT" InvocationID)"
  fi
  if [ -n "$(journal rollback_invocation)" ] && ! restarted rollback_invocation; then
    sctl restart --no-block "$UNIT.service"
  fi
  waited=0
  while [ $waited -lt 150 ] && ! { restarted_back && containerd_answers; }; do
    waited=$((waited + 1))
    sleep 2
  done
  record state=failed "failed_plan=$(journal plan)" rollback_invocation=
  disarm_deadman
  restarts_back=$(journal rollbacks)
  record "rollbacks=$((${restarts_back:-0} + 1))"
  fail "$1" "the old configuration is back: $2"
}

restarted_back() {
  [ -z "$(journal rollback_invocation)" ] || restarted rollback_invocation
}

# confirm: the coordinator saw the node healthy through the API.
confirm() {
  recall
  case $(journal state) in
    restarted|verified) ;;
    *) fail NotRestarted "nothing to confirm: the journal says '$(journal state)'" ;;
  esac
  record state=verified interruptions=0 failed_plan=
  disarm_deadman
  TARGET=$(journal target)
  report verified
}

# abandon REASON MESSAGE: the coordinator saw through the API that the node is not healthy.
abandon() {
  recall
  case $(journal state) in
    committed|restarted|verified) roll_back "$1" "$2" ;;
    rolling-back) roll_back "$(journal reason)" "$(journal message)" ;;
    *) fail "$1" "$2" ;;
  esac
}

# deadman: judges by what can be seen on this node alone, since the API may be what is missing.
deadman() {
  recall
  sctl stop "$RUN_UNIT.service" 2>/dev/null || true
  case $(journal state) in
    committed|restarted)
      if containerd_answers && sandbox_runs; then
        record state=verified
        report verified
      elif ! crash_loops && ! containerd_answers && ! server_reachable; then
        log "K3s waits for its server: looking again in $DEADLINE s"
        rearm
      else
        roll_back DeadMan "no confirmation within $DEADLINE s: ${SANDBOX_ERROR:-$(containerd_log)}"
      fi
      ;;
    rolling-back) roll_back "$(journal reason)" "$(journal message)" ;;
  esac
}

# The timer that runs us is still loaded under its name, so the next look has another.
rearm() {
  SYSTEMD_IGNORE_CHROOT=1 systemd-run --collect --quiet --unit="$DEADMAN_UNIT-$(seconds)" --on-active="$DEADLINE" \
    --timer-property=AccuracySec=1s /bin/sh "${PROGRAMS#"$ROOT"}/current/host.sh" deadman
}
