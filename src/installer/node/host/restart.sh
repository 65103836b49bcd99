# The one restart of K3s: journal, dead-man timer, restart, local verification, and the way back.
# shellcheck shell=sh

# What identifies a change: tried and failed once, the same change is not tried again.
change_id() {
  { echo "$RELEASE $FORM $TARGET"; cat "$WORK/wanted" "$HERE"/sysbox*.service; } | sha256sum | cut -c1-16
}

seconds() { cut -d. -f1 "$ROOT/proc/uptime"; }

# The timer lives in systemd, not in the pod: it fires whatever dies. Its default accuracy of a minute is too coarse.
arm_deadman() {
  ! sctl --quiet is-active "$DEADMAN_UNIT*.timer" || return 0
  sctl reset-failed "$DEADMAN_UNIT.service" 2>/dev/null || true
  start_timer "$DEADMAN_UNIT"
  sctl --quiet is-active "$DEADMAN_UNIT.timer" || fail NoDeadMan "systemd did not take the dead-man timer: nothing was changed"
}

start_timer() {
  SYSTEMD_IGNORE_CHROOT=1 systemd-run --collect --quiet --unit="$1" --on-active="$DEADLINE" \
    --timer-property=AccuracySec=1s /bin/sh "${PROGRAMS#"$ROOT"}/current/host.sh" deadman
}

disarm_deadman() { sctl stop "$DEADMAN_UNIT*.timer" 2>/dev/null || true; }

# remember FOLDER PATH...: their content, or that they did not exist, so that `restore` can put back exactly that.
remember() {
  change=$BACKUP/$1
  shift
  rm -rf "$change.new"
  mkdir -p "$change.new"
  number=0
  for path in "$@"; do
    number=$((number + 1))
    printf '%s\n' "$path" >"$change.new/$number.path"
    present "$path" || continue
    cp -pP "$path" "$change.new/$number.content"
    is_ours "$path" || : >"$change.new/$number.foreign"
  done
  for file in "$change.new"/*; do flush "$file"; done
  rm -rf "$change"
  mv "$change.new" "$change"
  flush "$BACKUP"
}

# restore FOLDER: can be repeated. Where a full disk keeps the old content away, ours is removed all the same: K3s without
# our runtime is better than with a configuration that nobody verified.
restore() {
  restored=0
  for noted in "$BACKUP/$1"/*.path; do
    [ -f "$noted" ] || continue
    path=$(cat "$noted")
    content=${noted%.path}.content
    if ! present "$content"; then
      remove_file "$path" && disown "$path" || restored=1
    elif ! copy_file "$content" "$path"; then
      restored=1
      [ -f "${noted%.path}.foreign" ] || remove_file "$path"
    elif [ -f "${noted%.path}.foreign" ]; then
      disown "$path" || restored=1
    else
      own "$path" || restored=1
    fi
  done
  return $restored
}

# commit: for the coordinator, once it holds a restart slot.
commit() {
  recall || fail NoContainerd "this node was never prepared"
  case $(journal state) in
    rolling-back) roll_back "$(journal reason)" "$(journal message)" ;;
    committed|restarted) go_on ;;
    *)
      choose_path
      fill
      # The dead-man has accepted the change while this command waited for it (seen on a node so slow that its time ran out).
      ! in_force || { report restarted; return 0; }
      begin
      ;;
  esac
  apply
  restart_k3s
  await_health || roll_back "$HEALTH_REASON" "$HEALTH_ERROR"
  record state=restarted "restarted_at=$(journal restart_asked_at)"
  report restarted
}

# Killed on the way: the change goes on where it stopped, watched again.
go_on() {
  arm_deadman
  record "boot=$(boot_id)"
}

begin() {
  validate
  refuse_failed_change
  server_reachable || fail ServerUnreachable "the node's K3s server does not answer: a restart now would leave the node waiting for it"
  daemons_answer || fail DaemonsDown "sysbox-mgr or sysbox-fs does not listen: not committed"
  # One left of an earlier attempt would fire in the middle of this one.
  disarm_deadman
  rm -f "$WORK/server-away"
  arm_deadman
  keep_for_the_way_back
  record state=committed "change=$(change_id)" "target=$TARGET" "taken=$TAKEN" "old_state=$OLD_STATE" "old_target=$(journal target)" \
    "boot=$(boot_id)" "before=$(property "$UNIT" InvocationID)" invocation= rollback_invocation= reason= message=
}

# Everything that `apply` and `restore` need, before the journal says that the change has begun. Our paths hold no white space.
keep_for_the_way_back() {
  TAKEN=$(template_to_take)
  mkdir -p "$BACKUP"
  write_file "$BACKUP/wanted" <"$WORK/wanted"
  [ -z "$TAKEN" ] || keep_taken
  OLD_STATE=$(journal state)
  [ "$OLD_STATE" = verified ] || OLD_STATE=
  set -- "$TARGET"
  [ -z "$TAKEN" ] || [ "$TAKEN" = "$TARGET" ] || set -- "$@" "$TAKEN"
  for stale in $(stale_targets); do set -- "$@" "$stale"; done
  remember change "$@"
}

# A template taken over is kept until the uninstall puts it back.
keep_taken() {
  mkdir -p "$BACKUP/taken"
  copy_file "$TAKEN" "$BACKUP/taken/${TAKEN##*/}"
}

# apply: can be repeated. What is new comes before what is old goes, so a start of K3s in between finds one of them complete.
apply() {
  TARGET=$(journal target)
  TAKEN=$(journal taken)
  make_folder "$(dirname "$TARGET")"
  own "$TARGET"
  write_file "$TARGET" <"$BACKUP/wanted"
  [ -z "$TAKEN" ] || [ "$TAKEN" = "$TARGET" ] || rm -f "$TAKEN"
  for stale in $(stale_targets); do
    remove_file "$stale"
    disown "$stale"
  done
}

# Proof of a restart is another InvocationID: systemctl can exit 0 having done nothing.
restarted() { [ "$(property "$UNIT" InvocationID)" != "$(journal "$1")" ]; }

# Noted when the files are in place: a restart by somebody else before that read the old ones.
restart_k3s() {
  [ -n "$(journal invocation)" ] || record "invocation=$(property "$UNIT" InvocationID)" "restart_asked_at=$(now)"
  restarted invocation || sctl restart --no-block "$UNIT.service"
}

crash_loops() {
  restarts=$(property "$UNIT" NRestarts)
  [ "${restarts:-0}" -ge 2 ]
}

# await_health: containerd answers and a sandbox runs, a little before the dead-man fires, whose reason would be less clear.
# The time an agent waits for its server neither proves nor disproves the configuration: the wait begins anew when it is back.
await_health() {
  limit=$(($(seconds) + DEADLINE - 30))
  begun=
  HEALTH_REASON=NotRestarted HEALTH_ERROR="nothing was seen within $DEADLINE s"
  while [ "$(seconds)" -lt $limit ]; do
    sleep 5
    case $(journal state) in
      committed|restarted) ;;
      *) HEALTH_REASON=$(journal reason) HEALTH_ERROR=$(journal message); return 1 ;; # the guard was faster
    esac
    if [ -z "$begun" ]; then
      HEALTH_REASON=NotRestarted HEALTH_ERROR="systemctl restart $UNIT left its InvocationID as it was"
      restarted invocation || continue
      begun=yes
    fi
    if crash_loops; then
      HEALTH_REASON=CrashLoop HEALTH_ERROR="$UNIT restarts over and over (on the node: journalctl -u $UNIT); containerd's last words: $(containerd_log)"
      return 1
    fi
    if ! containerd_answers; then
      server_reachable || { note_outage; limit=$(($(seconds) + DEADLINE - 30)); }
      HEALTH_REASON=ContainerdDown HEALTH_ERROR="containerd's socket $ADDRESS does not answer: $(containerd_log)"
      continue
    fi
    sandbox_runs && return 0
    HEALTH_REASON=SandboxFailed HEALTH_ERROR=$SANDBOX_ERROR
  done
  return 1
}

# containerd's reason is only in its own log, before what it still reports: the last line that is no mere report, else the last.
containerd_log() {
  tail -n 50 "$ROOT$DATA_DIR/agent/containerd/containerd.log" 2>/dev/null |
    awk '{ last = $0 } !/level=(info|debug)/ { complaint = $0 } END { print complaint != "" ? complaint : last }' | cut -c1-300
}

# roll_back REASON MESSAGE: the old configuration, and K3s started with it, once. Every step can be repeated. K3s is not
# restarted when that cannot be noted: a full disk would make it a restart at every attempt.
roll_back() {
  record state=rolling-back "reason=$1" "message=$2" || log "the disk takes no writes; going back all the same"
  restore change || fail NotRestored "the old configuration could not be put back completely: $2"
  back=$(journal rollback_invocation)
  if [ -z "$back" ] && restarted before; then
    back=$(property "$UNIT" InvocationID)
    record "rollback_invocation=$back" || fail NotRestored "the old files are back, but the disk takes no writes, so $UNIT was not restarted: $2"
  fi
  [ -z "$back" ] || restarted rollback_invocation || sctl restart --no-block "$UNIT.service"
  waited=0
  until { [ -z "$back" ] || restarted rollback_invocation; } && containerd_answers || [ $waited -ge 60 ]; do
    waited=$((waited + 1))
    sleep 5
  done
  count=$(journal rollbacks)
  set -- "$1" "$2" "$(journal change)"
  # K3s was never restarted with it: not the fault of the change (a full disk, say), so it may be tried again, a few times.
  [ -n "$(journal invocation)" ] || { set -- "$1" "$2" ''; count_interruption; }
  undone failed "failed_change=$3" "rollbacks=$((${count:-0} + 1))" "reason=$1" "message=$2"
  disarm_deadman
  fail "$1" "the old configuration is back: $2"
}

# undone STATE KEY=VALUE...: the journal when the old files are in place again: what was verified with them still is.
undone() {
  [ -z "$(journal taken)" ] || rm -rf "$BACKUP/taken"
  old=$(journal old_state)
  state=${old:-$1}
  shift
  record "state=$state" "target=$(journal old_target)" taken= "$@"
}

count_interruption() {
  interruptions=$(journal interruptions)
  record "interruptions=$((${interruptions:-0} + 1))"
}

# confirm: the coordinator saw the node healthy through the API.
confirm() {
  recall || fail NoContainerd "this node was never prepared"
  case $(journal state) in
    restarted|verified) ;;
    *) fail NotRestarted "nothing to confirm: the journal says '$(journal state)'" ;;
  esac
  record state=verified interruptions=0 failed_change=
  disarm_deadman
  TARGET=$(journal target)
  report verified
}

# abandon REASON MESSAGE: the coordinator saw through the API that the node is not healthy.
abandon() {
  recall || fail NoContainerd "this node was never prepared"
  case $(journal state) in
    committed|restarted|verified) roll_back "$1" "$2" ;;
    rolling-back) roll_back "$(journal reason)" "$(journal message)" ;;
    *) fail "$1" "$2" ;;
  esac
}

# deadman: judges by what can be seen on this node alone, since the API may be what is missing.
deadman() {
  recall || return 0
  case $(journal state) in
    committed|restarted) judge ;;
    rolling-back) roll_back "$(journal reason)" "$(journal message)" ;;
  esac
}

judge() {
  TARGET=$(journal target)
  if [ -n "$(journal invocation)" ] && restarted invocation && containerd_answers && sandbox_runs; then
    record state=verified "restarted_at=$(journal restart_asked_at)"
    report verified
  elif ! crash_loops && ! containerd_answers && waits_for_server; then
    log "K3s waits for its server: looking again in $DEADLINE s"
    # The timer that runs us is still loaded under its name, so the next look has another.
    start_timer "$DEADMAN_UNIT-$(seconds)"
  else
    roll_back DeadMan "no confirmation within $DEADLINE s: ${SANDBOX_ERROR:-$(containerd_log)}"
  fi
}

# waits_for_server: also at the first look that finds the server back. It answers /ping before it is ready, K3s asks it every few
# seconds, and containerd starts only after that (k3s pkg/agent/run.go).
waits_for_server() {
  if ! server_reachable; then
    note_outage || true
  else
    [ -e "$WORK/server-away" ] && rm -f "$WORK/server-away"
  fi
}

# In memory: after a boot, the guard judges.
note_outage() { mkdir -p "$WORK" && : >"$WORK/server-away"; }
