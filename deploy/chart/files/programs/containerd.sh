# What the engines with containerd share, whatever starts it: how its configuration is read, tried and validated. Sourced before an engine's
# own file, which can override any of it (load_engine).
# shellcheck shell=sh

ENGINE_DAEMON=containerd
ENGINE_VERSION=2.0.5
ENGINE_LACKS="Sysbox's options in pods with a user namespace (containerd#11480)"
ENGINE_LOG=''                         # empty: the log is in systemd's journal
ENGINE_SANDBOX=''                     # prefix of a sandbox's id in the name of its cgroup
ENGINE_NETWORK_ERROR="failed to setup network for sandbox" # internal/cri/server/sandbox_run.go, 2.1 to 2.4
WHOLE_DIRECTORY=''

engine_check_configuration() {
  [ -f "$CONFIG" ] || fail NoConfig "$CONFIG does not exist, and containerd is started with it: create it, also if it holds no more than its version"
  # Other snapshotters have no id-mapped lower layers.
  snapshotter=$(sed -n "s/^ *snapshotter = [\"']\(.*\)[\"']/\1/p" "$CONFIG" | head -n 1)
  [ "${snapshotter:-overlayfs}" = overlayfs ] || fail Snapshotter "the snapshotter is $snapshotter: Sysbox needs overlayfs, the default"
}

engine_can_be_asked() { [ -x "$DAEMON" ] && [ -f "$CONFIG" ]; }

# The root file's version, and not that of `config dump`, which prints the newest: a drop-in of a higher one stops containerd
# (containerd#12891), one with the other's table names is not read.
root_version() { sed -n 's/^version *= *\([0-9]*\).*/\1/p' "$CONFIG" | head -n 1; }

engine_check_version() {
  case $(root_version) in
    2|3|4) ;;
    *) fail ConfigVersion "$CONFIG has version '$(root_version)', and only 2, 3 and 4 are known: use a newer release of this installer" ;;
  esac
}

# engine_entry DUMP: our drop-in. containerd 2.3 reads one of version 3 under a root of version 4 (test:merge). What is rendered from a
# template can name no version, and then its entry has none.
engine_entry() {
  cgroup=$(engine_systemd_cgroup "$1")
  case $(root_version) in
    2) sed "s/@SYSTEMD_CGROUP@/$cgroup/" "$HERE/drop-in-v2.toml" ;;
    3|4) sed "s/@SYSTEMD_CGROUP@/$cgroup/" "$HERE/drop-in-v3.toml" ;;
    *) sed "s/@SYSTEMD_CGROUP@/$cgroup/; /^version/d" "$HERE/drop-in-v3.toml" ;;
  esac
}

# SystemdCgroup as the node's own runc has it: a wrong value puts pods outside kubepods (node-findings).
engine_systemd_cgroup() {
  value=$(engine_table "$1" runc.options | sed -n 's/^SystemdCgroup = //p')
  echo "${value:-false}"
}

# engine_dump FILE [SECONDS]: containerd decodes and merges, without starting a plugin.
engine_dump() { timeout "${2:-60}" "$DAEMON" -c "$1" config dump; }

# engine_table DUMP NAME: the lines of containerd's table for runtime NAME, indentation and order aside.
# Table names are quoted differently by every version, so quotes are dropped before comparing.
engine_table() {
  awk -v want=".containerd.runtimes.$2]" '
    /^ *\[/ { name = $0; gsub(/["'\'' ]/, "", name); inside = (substr(name, length(name) - length(want) + 1) == want && name ~ /cri/); next }
    inside && NF { sub(/^ +/, ""); print }' "$1" | sort
}

# engine_trial: writes the node's configuration without our entry to WORK/trial.toml, with copies of its imports but our drop-in. What our
# template adds is at the end of the file, where the copy stops. containerd writes single quotes, people double ones.
engine_trial() {
  rm -rf "$WORK/imports" && mkdir -p "$WORK/imports" || return 1
  directory=$(engine_drop_ins)
  for import in "$ROOT$directory"/*.toml; do
    [ -n "$directory" ] && [ -f "$import" ] && [ "${import##*/}" != "$DROP_IN_NAME" ] || continue
    cp "$import" "$WORK/imports/" || return 1
  done
  awk -v from="${directory:-nothing}/*.toml" -v to="$WORK/imports/*.toml" -v ours="# Written by $MINE" '
    index($0, ours) == 1 { exit }
    { at = index($0, "\"" from); if (!at) at = index($0, "\047" from)
      print at ? substr($0, 1, at) to substr($0, at + 1 + length(from)) : $0 }' "$CONFIG" >"$WORK/trial.toml"
}

# before_ours FILE: the owner's part, which precedes ours.
before_ours() { awk -v ours="# Written by $MINE" 'index($0, ours) == 1 { exit } { print }' "$1"; }

# engine_give_back SAVED PLACE: restores a file that was taken over.
engine_give_back() { copy_file "$1" "$2"; }

engine_add_entry() {
  if [ -n "$(engine_drop_ins)" ]; then
    cp "$WORK/entry.toml" "$WORK/imports/$DROP_IN_NAME"
  elif [ -z "$(engine_table "$WORK/without.dump" "$HANDLER")" ]; then
    grep -v '^version' "$WORK/entry.toml" >>"$WORK/trial.toml"
  fi
}

# `config dump` exits 0 on a missing runtime_type, a misspelt option and a string where a boolean belongs (node-findings).
engine_expect() {
  expect "$HANDLER" runtime_type "$RUNTIME_TYPE"
  expect "$HANDLER.options" BinaryName "$BINARY_DIR/sysbox-runc"
  expect "$HANDLER.options" SystemdCgroup "$(engine_systemd_cgroup "$WORK/without.dump")"
}

# engine_others DUMP: the tables that our entry must not change.
engine_others() {
  for table in runc runc.options; do engine_table "$1" "$table"; done
}
