# Removes what is in the list of ours, restores what was taken over, and changes nothing else. The coordinator has drained the node.
# shellcheck shell=sh

uninstall() {
  recall || discover || UNIT=''
  [ -z "$UNIT" ] || remove_configuration
  ! is_ours "$UNITS/sysbox.service" || stop_daemons
  disarm_deadman
  sctl stop "$SYSCTLS_UNIT" 2>/dev/null || true
  report uninstalled
  remove_apparmor_rule
  lower_sysctls
  remove_owned
  sctl daemon-reload
  # Not before: a start of the engine would start the daemon, which would add its range again.
  give_back_subids
  # Last, with this program in it: until here a kill leaves everything that a second run needs.
  rm -rf "$WORK" "$STATE"
}

# First the configuration and the restart, while the guard and the daemons are still in place.
remove_configuration() {
  if [ "$(journal state)" != removing ]; then
    [ -n "$(configured)" ] || return 0
    engine_can_start || refuse_unreachable_server
    # A unit that somebody has stopped is theirs to start; it reads the configuration then.
    [ "$(property "$UNIT" ActiveState)" != inactive ] || running=no
    record state=removing invocation= "running=${running:-yes}"
  fi
  make_work
  give_back_taken
  configured >"$WORK/configured"
  while IFS= read -r path; do
    remove_file "$path"
    disown "$path"
  done <"$WORK/configured"
  [ "$(journal running)" = no ] || restart_without_runtime
}

restart_without_runtime() {
  restart_engine
  tries=0
  until is_stopped || { restarted invocation && engine_answers; }; do
    # An agent whose server is away does not start containerd, and that is not to be judged.
    if engine_can_start; then tries=$((tries + 1)); else tries=0; fi
    [ $tries -lt 120 ] || fail EngineDown "$ENGINE_DAEMON does not answer after the removal: $(engine_log)"
    sleep 5
  done
}

# Before our file is removed, so that an engine that starts in between finds one of them. From then on the file belongs to its owner again. A
# version that the owner has written since then is newer than our copy.
give_back_taken() {
  for taken in "$BACKUP/taken"/*; do
    present "$taken" || continue
    place=$CONFIG_DIR/${taken##*/}
    if ! present "$place"; then copy_file "$taken" "$place"; elif is_ours "$place"; then engine_give_back "$taken" "$place"; fi
    disown "$place"
  done
}

# Files first, then the directories that we made and that are empty, innermost first.
remove_owned() {
  [ -f "$OWNED" ] || return 0
  ! listed "$RELEASES" || rm -rf "$RELEASES"
  while IFS= read -r path; do
    if [ -L "$path" ] || { [ ! -d "$path" ] && { [ ! -e "$path" ] || is_ours "$path"; }; }; then remove_file "$path"; fi
  done <"$OWNED"
  LC_ALL=C sort -r "$OWNED" | while IFS= read -r path; do
    [ ! -d "$path" ] || [ -L "$path" ] || rmdir "$path" 2>/dev/null || true
  done
}
