# The one restart of the engine: journal, dead-man timer, new file, restart, verification on this node.
# shellcheck shell=sh

# change_id: identifies a change, so that one that failed is not retried.
change_id() {
  { echo "$RELEASE $FORM $TARGET"; cat "$WORK/wanted" "$HERE"/sysbox*.service; } | sha256sum | cut -c1-16
}

seconds() { cut -d. -f1 "$ROOT/proc/uptime"; }

# commit: for the coordinator, once it holds a restart slot.
commit() {
  recall || fail NoEngine "this node was never prepared"
  case $(journal state) in
    rolling-back) roll_back "$(journal reason)" "$(journal message)" ;;
    committed|restarted) resume_commit ;;
    *)
      choose_path
      fill
      # The dead-man accepted the change while this command waited for the lock (seen on a node so slow that the deadline passed).
      ! in_force || { report restarted; return 0; }
      begin
      ;;
  esac
  apply
  restart_engine
  await_health || roll_back "$HEALTH_REASON" "$HEALTH_ERROR"
  record state=restarted "restarted_at=$(journal restart_asked_at)"
  report restarted
}

# resume_commit: continues a run that was killed, with a dead-man timer again.
resume_commit() {
  arm_deadman
  record "boot=$(boot_id)"
}

begin() {
  validate
  refuse_failed_change
  refuse_stopped_unit
  refuse_missing_guard
  engine_can_start || refuse_unreachable_server
  daemons_answer || fail DaemonsDown "sysbox-mgr or sysbox-fs does not listen: not committed"
  # A timer left over from an earlier attempt would fire in the middle of this one.
  disarm_deadman
  rm -f "$WORK/outage"
  raise_sysctls
  arm_deadman
  save_rollback_state
  record state=committed "change=$(change_id)" "programs=${HERE##*/}" "form=$FORM" "target=$TARGET" "taken=$TAKEN" \
    "old_state=$OLD_STATE" "old_target=$(journal target)" "boot=$(boot_id)" "before=$(property "$UNIT" InvocationID)" \
    "log=$(log_state)" invocation= rollback_invocation= unproven=change reason= message=
}

refuse_unreachable_server() {
  fail ServerUnreachable "the $ENGINE_NAME server of this node does not answer: after a restart the node would wait for it"
}

# Somebody may have stopped it for a backup, a move of the data directory or a reset of the cluster. Only they know when it may start.
refuse_stopped_unit() {
  active=$(property "$UNIT" ActiveState)
  [ "$active" = active ] ||
    fail UnitNotActive "$UNIT.service is $active, and only an active unit is restarted: start it, then the next run continues"
}

# Reads systemd's list, since an empty `ExecStartPre=` in a later drop-in removes ours from it.
refuse_missing_guard() {
  property "$UNIT" ExecStartPre | grep -F "$GUARD_COMMAND" | grep -q 'ignore_errors=yes' ||
    fail GuardNotInForce "systemd does not run the guard of $GUARD_CONF before $UNIT.service: remove the empty ExecStartPre= that another drop-in has (systemctl cat $UNIT)"
}

# save_rollback_state: everything that `apply` and `restore` need, before the journal says that the change has begun.
save_rollback_state() {
  TAKEN=$(template_to_take)
  make_private "$BACKUP"
  write_file "$BACKUP/wanted" 600 <"$WORK/wanted"
  [ -z "$TAKEN" ] || save_taken
  OLD_STATE=$(journal state)
  [ "$OLD_STATE" = verified ] || OLD_STATE=
  set -- "$TARGET"
  [ -z "$TAKEN" ] || [ "$TAKEN" = "$TARGET" ] || set -- "$@" "$TAKEN"
  stale_targets >"$WORK/stale"
  while IFS= read -r stale; do set -- "$@" "$stale"; done <"$WORK/stale"
  remember change "$@"
}

# save_taken: keeps a template that is taken over, until the uninstall restores it.
save_taken() {
  make_private "$BACKUP/taken"
  copy_file "$TAKEN" "$BACKUP/taken/${TAKEN##*/}"
}

# apply: idempotent. Writes the new file before it removes the old ones, so that an engine that starts in between finds a complete one.
apply() {
  TARGET=$(journal target)
  TAKEN=$(journal taken)
  make_directory "$(dirname "$TARGET")"
  own "$TARGET"
  # A template that is taken over can hold registry passwords, so its mode is kept.
  mode=644
  [ ! -f "$TARGET" ] || mode=$(stat -c %a "$TARGET")
  write_file "$TARGET" "$mode" <"$BACKUP/wanted"
  [ -z "$TAKEN" ] || [ "$TAKEN" = "$TARGET" ] || rm -f "$TAKEN"
  stale_targets >"$WORK/stale"
  while IFS= read -r stale; do
    remove_file "$stale"
    disown "$stale"
  done <"$WORK/stale"
}

# restarted KEY: whether the unit's InvocationID differs from the journal's, which proves a restart: systemctl can exit 0 without one.
restarted() { [ "$(property "$UNIT" InvocationID)" != "$(journal "$1")" ]; }

# is_stopped: whether somebody stopped the unit. One that failed, waits for its next start or has a queued job does not count.
is_stopped() {
  [ "$(property "$UNIT" ActiveState)" = inactive ] || return 1
  case $(property "$UNIT" Job) in ''|0) ;; *) return 1 ;; esac
}

# restart_engine: restarts it once. The InvocationID is recorded when the files are in place: an earlier restart by somebody else read the
# old ones.
restart_engine() {
  [ -n "$(journal invocation)" ] || record "invocation=$(property "$UNIT" InvocationID)" "restart_asked_at=$(now)"
  restarted invocation || is_stopped || sctl restart --no-block "$UNIT.service"
}

crash_loops() {
  restarts=$(property "$UNIT" NRestarts)
  [ "${restarts:-0}" -ge 2 ]
}

# await_health: waits until containerd answers and a sandbox runs. Gives up shortly before the dead-man fires, whose reason would be less
# specific. The limit starts again while the engine waits for something else: that time proves nothing about the configuration.
# It is reported meanwhile, since it can last until a person acts.
await_health() {
  limit=$(($(seconds) + DEADLINE - 30))
  begun='' waits=''
  HEALTH_REASON=NotRestarted HEALTH_ERROR="nothing was seen within $DEADLINE s"
  while [ "$(seconds)" -lt $limit ]; do
    sleep 5
    case $(journal state) in
      committed|restarted) ;;
      *) HEALTH_REASON=$(journal reason) HEALTH_ERROR=$(journal message); return 1 ;; # the guard was faster
    esac
    if is_stopped; then
      HEALTH_REASON=UnitNotActive HEALTH_ERROR="$UNIT.service was stopped in the middle of the change"
      return 1
    fi
    if [ -z "$begun" ]; then
      HEALTH_REASON=NotRestarted HEALTH_ERROR="systemctl restart $UNIT left its InvocationID as it was"
      restarted invocation || continue
      begun=$(seconds)
    fi
    if engine_answers; then
      sandbox_runs && return 0
      HEALTH_REASON=SandboxFailed HEALTH_ERROR=$SANDBOX_ERROR
      continue
    fi
    HEALTH_REASON=EngineDown HEALTH_ERROR="the socket $ADDRESS of $ENGINE_DAEMON does not answer: $(engine_log)"
    if engine_waits; then
      # It takes a while to start containerd in any case.
      ! engine_can_start || [ $(($(seconds) - begun)) -gt 60 ] || continue
      [ -n "$waits" ] || report_wait
      waits=yes
      note_outage
      limit=$(($(seconds) + DEADLINE - 30))
    elif crash_loops; then
      HEALTH_REASON=CrashLoop HEALTH_ERROR="$UNIT restarts over and over (on the node: journalctl -u $UNIT); last words of $ENGINE_DAEMON: $(engine_log)"
      return 1
    fi
  done
  return 1
}

report_wait() {
  report committed EngineWaits "$UNIT.service has not started $ENGINE_DAEMON again: an agent waits for its server, a server for its datastore \
or the quorum of its etcd (on the node: journalctl -u $UNIT)"
}

# engine_waits: whether the engine has not started its daemon since the restart, so that nothing is known about the configuration: an agent
# whose server is unreachable, or a server without its datastore or etcd quorum (it waits, or its unit restarts repeatedly). A template is
# read by the engine itself, so there a crash loop is caused by the change.
engine_waits() {
  if ! crash_loops; then ! engine_can_start || ! log_grew
  else [ "$(journal form)" = drop-in ] && ! log_grew; fi
}

# log_state: inode and size of containerd's log, which grows at every start. Empty for an engine without such a file.
log_state() { [ -z "$ENGINE_LOG" ] || stat -c '%i:%s' "$ENGINE_LOG" 2>/dev/null || echo none; }

# log_grew: or cannot grow, on a read-only disk, where it proves nothing: without this case the wait never ended.
log_grew() { [ -z "$ENGINE_LOG" ] || { [ -e "$ENGINE_LOG" ] && [ ! -w "$ENGINE_LOG" ]; } || [ "$(log_state)" != "$(journal log)" ]; }

# engine_log: why containerd failed. The reason is only in its own log, and informational lines follow it: the last line above level info,
# else the last line.
engine_log() {
  [ -n "$ENGINE_LOG" ] || return 0
  tail -n 50 "$ENGINE_LOG" 2>/dev/null |
    awk '{ last = $0 } !/level=(info|debug)/ { complaint = $0 } END { print complaint != "" ? complaint : last }' | cut -c1-300
}

# confirm: the coordinator has seen through the API that the node is healthy.
confirm() {
  recall || fail NoEngine "this node was never prepared"
  case $(journal state) in
    restarted|verified) ;;
    *) fail NotRestarted "nothing to confirm: the journal says '$(journal state)'" ;;
  esac
  record state=verified interruptions=0 failed_change=
  disarm_deadman
  TARGET=$(journal target)
  report verified
}

# accept: a real pod has run under what was changed.
accept() {
  record unproven=
  report verified
}
