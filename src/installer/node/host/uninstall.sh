# Removes what the list of ours names, puts back what was taken over, and nothing else. The coordinator drained the node.
# shellcheck shell=sh

uninstall() {
  recall || discover || true
  [ -z "$UNIT" ] || remove_configuration
  ! is_ours "$UNITS/sysbox.service" || stop_daemons
  disarm_deadman
  report uninstalled
  remove_owned
  sctl daemon-reload
  # Not before: a start of K3s would start the daemon, which would make its range again.
  give_back_subids
  # Last, with this program in it: until here a kill leaves everything that a second run needs.
  rm -rf "$WORK" "$STATE"
}

# First the configuration and the restart, while the guard and the daemons still stand.
remove_configuration() {
  if [ "$(journal state)" != removing ]; then
    [ -n "$(configured)" ] || return 0
    server_reachable || fail ServerUnreachable "the node's K3s server does not answer: a restart now would leave the node waiting for it"
    record state=removing invocation=
  fi
  give_back_taken
  for candidate in $(configured); do
    remove_file "$candidate"
    disown "$candidate"
  done
  restart_k3s
  tries=0
  until restarted invocation && containerd_answers; do
    # An agent whose server is away does not start containerd, and that is not to be judged.
    if server_reachable; then tries=$((tries + 1)); else tries=0; fi
    [ $tries -lt 120 ] || fail ContainerdDown "containerd does not answer after the removal: $(containerd_log)"
    sleep 5
  done
}

# Every file of ours that containerd's configuration can come from.
configured() {
  for candidate in "$CONFIG_DIR/config-v3.toml.d/$DROP_IN_NAME" "$CONFIG_DIR/config.toml.d/$DROP_IN_NAME" "$CONFIG_DIR/config-v3.toml.tmpl"; do
    if [ -e "$candidate" ] && is_ours "$candidate"; then printf '%s\n' "$candidate"; fi
  done
}

# Before ours goes, so that a start of K3s in between finds one of them. From then on the file is its owner's again. One that
# its owner has written since then is newer than what we keep.
give_back_taken() {
  for taken in "$BACKUP/taken"/*; do
    present "$taken" || continue
    place=$CONFIG_DIR/${taken##*/}
    if ! present "$place" || is_ours "$place"; then copy_file "$taken" "$place"; fi
    disown "$place"
  done
}

# What sysbox-mgr made of them goes; where somebody has changed the other ranges since, only its own range. On the list of ours
# meanwhile, for what a kill leaves beside them.
give_back_subids() {
  for noted in "$BACKUP/subids"/*.path; do
    [ -f "$noted" ] || continue
    path=$(cat "$noted")
    kept=${noted%.path}.content
    if grep -qs '^sysbox:' "$path"; then
      own "$path"
      if [ "$(other_ranges "$path")" != "$(other_ranges "$kept")" ]; then
        write_text "$path" "$(sed '/^sysbox:/d' "$path")$NEWLINE"
      elif present "$kept"; then copy_file "$kept" "$path"
      else remove_file "$path"; fi
    fi
    disown "$path"
  done
}

other_ranges() { grep -v -e '^sysbox:' -e '^#' -e '^$' "$1" 2>/dev/null | LC_ALL=C sort; }

# Files first, then the folders that we made and that are empty, innermost first.
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
