# Removes what the list of ours names, puts back what was taken over, and nothing else. The coordinator drained the node.
# shellcheck shell=sh

uninstall() {
  recall || discover || true
  if [ -n "${UNIT:-}" ]; then
    remove_configuration
    sctl stop sysbox.service sysbox-fs.service sysbox-mgr.service 2>/dev/null || true
  fi
  disarm_deadman
  report uninstalled
  [ ! -f "$OWNED" ] || remove_owned
  sctl daemon-reload
}

# First the configuration and the restart, while the guard and the daemons still stand.
remove_configuration() {
  had=
  for candidate in "$CONFIG_DIR/config-v3.toml.d/$DROP_IN_NAME" "$CONFIG_DIR/config.toml.d/$DROP_IN_NAME" "$CONFIG_DIR/config-v3.toml.tmpl"; do
    [ -e "$candidate" ] && is_owned "$candidate" || continue
    had=yes
    [ "$(journal state)" = removing ] || record state=removing "invocation=$(property "$UNIT" InvocationID)"
    remove_file "$candidate"
  done
  for taken in "$BACKUP/taken"/*; do
    [ -f "$taken" ] || continue
    cp -p "$taken" "$CONFIG_DIR/${taken##*/}.new"
    flush "$CONFIG_DIR/${taken##*/}.new"
    mv -f "$CONFIG_DIR/${taken##*/}.new" "$CONFIG_DIR/${taken##*/}"
  done
  [ -n "$had" ] || [ "$(journal state)" = removing ] || return 0
  restart_k3s
  tries=0
  while ! { restarted invocation && containerd_answers; }; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || fail ContainerdDown "containerd does not answer after the removal: $(containerd_log)"
    sleep 2
  done
}

# Files first, then the folders that we made and that are empty, innermost first. The state goes last, with this program in it.
remove_owned() {
  rm -rf "$RELEASES"
  # A taken-over template is the owner's again.
  while IFS= read -r path; do
    [ ! -f "$BACKUP/taken/${path##*/}" ] || [ "$(dirname "$path")" != "${CONFIG_DIR:-none}" ] || continue
    { [ -d "$path" ] && [ ! -L "$path" ]; } || remove_file "$path"
  done <"$OWNED"
  sort -r "$OWNED" | while IFS= read -r path; do
    [ ! -d "$path" ] || [ -L "$path" ] || rmdir "$path" 2>/dev/null || true
  done
  rm -rf "$STATE"
}
