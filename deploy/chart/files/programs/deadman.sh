# The dead-man: a systemd timer that accepts a change or rolls it back when nobody has confirmed it, whatever has died in the meantime.
# shellcheck shell=sh

arm_deadman() {
  ! sctl --quiet is-active "$DEADMAN_UNIT*.timer" || return 0
  sctl reset-failed "$DEADMAN_UNIT.service" 2>/dev/null || true
  start_timer "$DEADMAN_UNIT"
  sctl --quiet is-active "$DEADMAN_UNIT.timer" || fail NoDeadMan "systemd did not take the dead-man timer: nothing was changed"
}

# A timer's default accuracy of a minute is too coarse.
start_timer() {
  SYSTEMD_IGNORE_CHROOT=1 systemd-run --collect --quiet --unit="$1" --on-active="$DEADLINE" \
    --timer-property=AccuracySec=1s /bin/sh "${PROGRAMS#"$ROOT"}/current/host.sh" deadman
}

disarm_deadman() { sctl stop "$DEADMAN_UNIT*.timer" 2>/dev/null || true; }

# deadman: decides by the state of this node alone, since the API may be unreachable.
deadman() {
  recall || return 0
  case $(journal state) in
    committed|restarted) judge ;;
    rolling-back) roll_back "$(journal reason)" "$(journal message)" ;;
  esac
}

judge() {
  TARGET=$(journal target)
  if [ -n "$(journal invocation)" ] && restarted invocation && engine_answers && sandbox_runs; then
    record state=verified "restarted_at=$(journal restart_asked_at)"
    report verified
  elif ! engine_answers && was_waiting; then
    log "$ENGINE_NAME has not started $ENGINE_DAEMON: judging again in $DEADLINE s"
    # The timer that runs us is still loaded under its name, so the next one has another.
    start_timer "$DEADMAN_UNIT-$(seconds)"
  else
    roll_back DeadMan "no confirmation within $DEADLINE s: ${SANDBOX_ERROR:-$(engine_log)}"
  fi
}

# was_waiting: whether the engine waits, or waited at some time since the last check: what it waits for can answer some time before containerd
# is started.
was_waiting() {
  if engine_waits; then
    note_outage || true
  else
    [ -e "$WORK/outage" ] && rm -f "$WORK/outage"
  fi
}

# In memory: after a reboot, the guard decides.
note_outage() { make_work && : >"$WORK/outage"; }
