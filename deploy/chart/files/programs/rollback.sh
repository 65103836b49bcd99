# Restores the old configuration, and restarts the engine with it, once.
# shellcheck shell=sh

# remember NAME PATH...: saves the content of each, or that it did not exist, so that `restore NAME` can put back exactly that.
remember() {
  saved=$BACKUP/$1
  shift
  rm -rf "$saved.new"
  make_private "$saved.new"
  number=0
  for path in "$@"; do
    number=$((number + 1))
    printf '%s\n' "$path" >"$saved.new/$number.path"
    present "$path" || continue
    cp -pP "$path" "$saved.new/$number.content"
    is_ours "$path" || : >"$saved.new/$number.foreign"
  done
  for file in "$saved.new"/*; do flush "$file"; done
  rm -rf "$saved"
  mv "$saved.new" "$saved"
  flush "$BACKUP"
}

# restore NAME: idempotent. If a full disk prevents it from writing the old content, it removes ours anyway: an engine without our runtime is
# better than one with a configuration that nobody verified.
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

# roll_back REASON MESSAGE: every step is idempotent. The engine is not restarted if that cannot be recorded (on a full disk, every attempt would
# restart it), and not started if somebody has stopped it.
roll_back() {
  record state=rolling-back "reason=$1" "message=$2" || log "the disk takes no writes; rolling back all the same"
  restore change || fail NotRestored "the old configuration could not be put back completely: $2"
  back=$(journal rollback_invocation)
  if [ -z "$back" ] && restarted before; then
    back=$(property "$UNIT" InvocationID)
    record "rollback_invocation=$back" || fail NotRestored "the old files are back, but the disk takes no writes, so $UNIT was not restarted: $2"
  fi
  [ -z "$back" ] || restarted rollback_invocation || is_stopped || sctl restart --no-block "$UNIT.service"
  waited=0
  until is_stopped || { { [ -z "$back" ] || restarted rollback_invocation; } && engine_answers; } || [ $waited -ge 60 ]; do
    waited=$((waited + 1))
    sleep 5
  done
  count=$(journal rollbacks)
  set -- "$1" "$2" "$(journal change)"
  # The engine was never restarted with it, so the change is not the cause (a full disk can be): it may be retried a few times.
  if [ -z "$(journal invocation)" ] || [ "$1" = UnitNotActive ]; then
    set -- "$1" "$2" ''
    count_interruption
  fi
  mark_rolled_back failed "failed_change=$3" "rollbacks=$((${count:-0} + 1))" "reason=$1" "message=$2"
  disarm_deadman
  fail "$1" "the old configuration is back: $2"
}

# mark_rolled_back STATE KEY=VALUE...: records that the old files are in place again: what was verified with them is still verified.
mark_rolled_back() {
  [ -z "$(journal taken)" ] || rm -rf "$BACKUP/taken"
  old=$(journal old_state)
  state=${old:-$1}
  shift
  record "state=$state" "target=$(journal old_target)" taken= unproven=daemons "$@"
}

count_interruption() {
  interruptions=$(journal interruptions)
  record "interruptions=$((${interruptions:-0} + 1))"
}

# abandon REASON MESSAGE: the coordinator has seen through the API that the node is not healthy, or that it does not run a pod.
abandon() {
  recall || fail NoEngine "this node was never prepared"
  case $(journal state)-$(journal unproven) in
    committed-*|restarted-*|verified-change) roll_back "$1" "$2" ;;
    rolling-back-*) roll_back "$(journal reason)" "$(journal message)" ;;
    verified-switch) choose_path; fill; roll_back_switch "$1" "$2" ;;
    *) fail "$1" "$2" ;;
  esac
}
