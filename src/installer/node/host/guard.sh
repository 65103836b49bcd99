# Runs before every start of K3s, whoever asks for it: sets our file aside, and only ours, when it must not be read.
# shellcheck shell=sh

guard() {
  recall || return 0
  # A command may be at work: its lock is not waited for, since it waits for this start of K3s.
  WORK=$WORK/guard NEW=$GUARD_NEW
  case $(journal state) in
    rolling-back) ! restore change || came_back_with_a_boot; return 0 ;;
    committed|restarted)
      if [ "$(journal boot)" != "$(boot_id)" ]; then
        interrupted Interrupted "the node went down in the middle of the change"
      elif ! sctl --quiet is-active "$DEADMAN_UNIT*"; then
        interrupted Interrupted "nothing watches the change any more"
      fi
      ;;
  esac
  ! rejected_because_of_us || withdraw Rejected "containerd rejects the merged configuration"
}

# A boot in the middle of the way back starts K3s with the old files: it needs no restart after that one.
came_back_with_a_boot() {
  [ -n "$(journal rollback_invocation)" ] || [ "$(journal boot)" = "$(boot_id)" ] || record "rollback_invocation=$(journal before)"
}

# withdraw REASON MESSAGE
withdraw() {
  case $(journal state) in
    committed|restarted) interrupted "$@" "failed_change=$(journal change)" ;;
    *) set_aside "$@" ;;
  esac
}

# interrupted REASON MESSAGE [KEY=VALUE...]
interrupted() {
  restore change || { log "$2, and the old configuration could not be put back"; return 0; }
  log "$2: the old configuration is back"
  remove_halves
  count=$(journal interruptions)
  why=$1 what=$2
  shift 2
  undone interrupted "interruptions=$((${count:-0} + 1))" "reason=$why" "message=$what" "$@"
}

# What the command that is gone had half written beside the files that are back.
remove_halves() {
  for noted in "$BACKUP/change"/*.path; do
    [ ! -f "$noted" ] || rm -f "$(cat "$noted")$COMMAND_NEW"
  done
}

# The config.toml seen here is the one of the previous start; its drop-ins are read anew by containerd. A template's errors
# do not show in it: the dead-man sees them.
rejected_because_of_us() {
  TARGET=$(journal target)
  [ -f "$TARGET" ] && is_ours "$TARGET" && [ -x "$CONTAINERD" ] && [ -f "$CONFIG" ] || return 1
  case $TARGET in *.tmpl) return 1 ;; esac
  said=0
  timeout 15 "$CONTAINERD" -c "$CONFIG" config dump >/dev/null 2>&1 || said=$?
  # 1 is containerd's word; a timeout (124) or a missing library says nothing about us.
  [ $said = 1 ] && accepted_without_us
}

# Where a full disk makes the trial impossible, we are taken to be the cause: K3s would not start in any case.
accepted_without_us() {
  trial || return 0
  timeout 15 "$CONTAINERD" -c "$WORK/trial.toml" config dump >/dev/null 2>&1
}

# The copy is for a person to look at; a full disk must not keep the file in place.
set_aside() {
  { mkdir -p "$BACKUP/aside" && cp -p "$TARGET" "$BACKUP/aside/"; } || true
  remove_file "$TARGET"
  log "$2: $TARGET is set aside"
  disown "$TARGET"
  record state=set-aside "reason=$1" "message=$2"
}
