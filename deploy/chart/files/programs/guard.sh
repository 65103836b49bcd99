# Runs before every start of the engine, whatever triggers it: sets our configuration file aside, and only ours, if the engine must not read it.
# shellcheck shell=sh

guard() {
  recall || return 0
  # Another command may be running. The guard does not wait for its lock, since that command waits for this start of the engine.
  WORK=$WORK/guard NEW=$GUARD_NEW
  case $(journal state) in
    rolling-back) ! restore change || mark_restarted_by_reboot; return 0 ;;
    committed|restarted)
      if [ "$(journal boot)" != "$(boot_id)" ]; then
        interrupt Interrupted "the node went down in the middle of the change"
      elif ! sctl --quiet is-active "$DEADMAN_UNIT*"; then
        interrupt Interrupted "nothing watches the change any more"
      fi
      ;;
  esac
  ! is_rejected_because_of_us || withdraw Rejected "$ENGINE_DAEMON rejects the merged configuration"
}

# mark_restarted_by_reboot: a reboot in the middle of a rollback starts the engine with the old files, so no restart is needed after it.
mark_restarted_by_reboot() {
  [ -n "$(journal rollback_invocation)" ] || [ "$(journal boot)" = "$(boot_id)" ] || record "rollback_invocation=$(journal before)"
}

# withdraw REASON MESSAGE
withdraw() {
  case $(journal state) in
    committed|restarted) interrupt "$@" "failed_change=$(journal change)" ;;
    *) set_aside "$@" ;;
  esac
}

# interrupt REASON MESSAGE [KEY=VALUE...]: ends the change, and restores the old configuration.
interrupt() {
  restore change || { log "$2, and the old configuration could not be put back"; return 0; }
  log "$2: the old configuration is back"
  remove_half_written
  count=$(journal interruptions)
  why=$1 what=$2
  shift 2
  mark_rolled_back interrupted "interruptions=$((${count:-0} + 1))" "reason=$why" "message=$what" "$@"
}

# remove_half_written: what the killed command left next to the files that are back.
remove_half_written() {
  for noted in "$BACKUP/change"/*.path; do
    [ -f "$noted" ] || continue
    name_half "$(cat "$noted")" "$COMMAND_NEW"
    rm -f "$HALF"
  done
}

# The configuration seen here is the one of the previous start; its drop-ins are read again by containerd. A template's errors
# do not show in it: the dead-man sees them.
is_rejected_because_of_us() {
  TARGET=$(journal target)
  [ -f "$TARGET" ] && is_ours "$TARGET" && engine_can_be_asked || return 1
  [ "$(journal form)" = drop-in ] || return 1
  said=0
  engine_dump "$CONFIG" 15 >/dev/null 2>&1 || said=$?
  # Only 1 means that the engine rejects it; a timeout (124) or a missing library says nothing about our file.
  [ $said = 1 ] && is_accepted_without_us
}

# If a full disk prevents the trial, our file counts as the cause: the engine would not start in any case.
is_accepted_without_us() {
  engine_trial || return 0
  engine_dump "$WORK/trial.toml" 15 >/dev/null 2>&1
}

# The copy is for a person to inspect; a full disk must not prevent the removal.
set_aside() {
  { make_private "$BACKUP/aside" && cp -p "$TARGET" "$BACKUP/aside/"; } || true
  remove_file "$TARGET"
  log "$2: $TARGET is set aside"
  disown "$TARGET"
  record state=set-aside "reason=$1" "message=$2"
}
