# Runs before every start of K3s, whoever asks for it: sets our file aside, and only ours, when it must not be read.
# shellcheck shell=sh

guard() {
  recall || return 0
  case $(journal state) in
    rolling-back) restore_old; return 0 ;;
    committed|restarted)
      if [ "$(journal boot)" != "$(boot_id)" ]; then
        interrupted "the node went down in the middle of the change"
        return 0
      fi
      sctl --quiet is-active "$DEADMAN_UNIT*" || { interrupted "nothing watches the change any more"; return 0; }
      ;;
  esac
  rejected_because_of_us && set_aside "containerd rejects the merged configuration"
  return 0
}

interrupted() {
  restore_old
  count=$(journal interruptions)
  record state=interrupted "interruptions=$((${count:-0} + 1))" "reason=Interrupted" "message=$1"
  log "$1: the old configuration is back"
}

# The config.toml seen here is the one of the previous start; its drop-ins are read anew by containerd.
rejected_because_of_us() {
  TARGET=$(journal target)
  [ -f "$TARGET" ] && [ -x "$CONTAINERD" ] && [ -f "$CONFIG" ] || return 1
  case $TARGET in *.tmpl) return 1 ;; esac
  timeout 15 "$CONTAINERD" -c "$CONFIG" config dump >/dev/null 2>&1
  [ $? = 1 ] || return 1
  mkdir -p "$WORK"
  trial
  timeout 15 "$CONTAINERD" -c "$WORK/trial.toml" config dump >/dev/null 2>&1
}

set_aside() {
  mkdir -p "$BACKUP/aside"
  cp -p "$TARGET" "$BACKUP/aside/"
  remove_file "$TARGET"
  record state=set-aside reason=Rejected "message=$1"
  log "$1: $TARGET is set aside"
}
