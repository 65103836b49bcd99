# The one restart of the engine: journal, dead-man timer, new file, restart, verification on this node.
# shellcheck shell=sh

# change_id: a change that failed once is not tried again.
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
      # The dead-man has accepted the change while this command waited for it (seen on a node so slow that its time ran out).
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

# resume_commit: an earlier run was killed. It continues where it stopped, watched again.
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
  # One left of an earlier attempt would fire in the middle of this one.
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

# Somebody may have stopped it for a backup, a move of the data directory or a reset of the cluster: it is theirs to start.
refuse_stopped_unit() {
  active=$(property "$UNIT" ActiveState)
  [ "$active" = active ] ||
    fail UnitNotActive "$UNIT.service is $active, and only an active unit is restarted: start it, then the next run continues"
}

# systemd is asked, since an empty `ExecStartPre=` in a later drop-in removes ours from the list.
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

# save_taken: a template taken over is kept until the uninstall puts it back.
save_taken() {
  make_private "$BACKUP/taken"
  copy_file "$TAKEN" "$BACKUP/taken/${TAKEN##*/}"
}

# apply: can be repeated. What is new comes before what is old goes, so a start of the engine in between finds one of them complete.
apply() {
  TARGET=$(journal target)
  TAKEN=$(journal taken)
  make_directory "$(dirname "$TARGET")"
  own "$TARGET"
  # One that is taken over can hold passwords of registries.
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

# restarted KEY: proof of a restart is another InvocationID than the journal's: systemctl can exit 0 having done nothing.
restarted() { [ "$(property "$UNIT" InvocationID)" != "$(journal "$1")" ]; }

# is_stopped: by somebody. A unit that failed, or waits for its next start, is not stopped; nor is one with a job in the queue.
is_stopped() {
  [ "$(property "$UNIT" ActiveState)" = inactive ] || return 1
  case $(property "$UNIT" Job) in ''|0) ;; *) return 1 ;; esac
}

# restart_engine: once. Noted when the files are in place: a restart by somebody else before that read the old ones.
restart_engine() {
  [ -n "$(journal invocation)" ] || record "invocation=$(property "$UNIT" InvocationID)" "restart_asked_at=$(now)"
  restarted invocation || is_stopped || sctl restart --no-block "$UNIT.service"
}

crash_loops() {
  restarts=$(property "$UNIT" NRestarts)
  [ "${restarts:-0}" -ge 2 ]
}

# await_health: containerd answers and a sandbox runs, a little before the dead-man fires, whose reason would be less clear.
# The time that the engine waits for something else neither proves nor disproves the configuration: the wait begins again after it.
# It can take until somebody looks, so it is said meanwhile.
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

# engine_waits: the engine did not start its daemon since the restart, so nothing is known about the configuration: a node whose
# server is away, a server whose datastore or etcd quorum is (it waits, or its unit restarts over and over). A template is read by
# the engine itself, so there a crash loop is the change's.
engine_waits() {
  if ! crash_loops; then ! engine_can_start || ! log_grew
  else [ "$(journal form)" = drop-in ] && ! log_grew; fi
}

# log_state: what the log of containerd is now; it gets lines at every start. Empty where the engine has no such file.
log_state() { [ -z "$ENGINE_LOG" ] || stat -c '%i:%s' "$ENGINE_LOG" 2>/dev/null || echo none; }

# A log on a read-only disk cannot grow, and tells nothing: without this, a change was waited for without end.
log_grew() { [ -z "$ENGINE_LOG" ] || { [ -e "$ENGINE_LOG" ] && [ ! -w "$ENGINE_LOG" ]; } || [ "$(log_state)" != "$(journal log)" ]; }

# engine_log: containerd's reason is only in its own log, before what it still reports: the last line that is not a mere report, else
# the last.
engine_log() {
  [ -n "$ENGINE_LOG" ] || return 0
  tail -n 50 "$ENGINE_LOG" 2>/dev/null |
    awk '{ last = $0 } !/level=(info|debug)/ { complaint = $0 } END { print complaint != "" ? complaint : last }' | cut -c1-300
}

# confirm: the coordinator saw the node healthy through the API.
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
