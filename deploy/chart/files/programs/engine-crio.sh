# CRI-O. Its configuration is a file, which need not exist, and every file of a directory, whatever its name; a runtime's table
# replaces one of the same name (pkg/config/config.go, UpdateFromPath). A restart leaves pods running: each has a conmon of its own.
# CRI-O is never reloaded: after a reload (SIGHUP) it lists a runtime that is new, and the kubelet believes it, but no sandbox starts
# under it ("failed to find runtime handler", measured on 1.36.3): only a start makes runtimes (internal/oci, New).
# shellcheck shell=sh

# shellcheck source=containerd.sh
. "$HERE/engine-containerd.sh"

ENGINE_NAME=CRI-O
ENGINE_DAEMON=crio
ENGINE_VERSION=1.33                   # that of the first Kubernetes whose kubelet asks for user namespaces by itself
ENGINE_LACKS="the user namespaces of Kubernetes 1.33"
ENGINE_MINIMUM="CRI-O 1.33"
ENGINE_CONFIG_PATH=/etc/crio/crio.conf
ENGINE_DROP_INS=/etc/crio/crio.conf.d
ENGINE_SOCKET=/var/run/crio/crio.sock
ENGINE_SANDBOX=crio-                  # conmon's is crio-conmon-ID, and lies elsewhere
ENGINE_NETWORK_ERROR="failed to create pod network sandbox" # server/sandbox_network.go, networkStart

# engine_inspect PROCESS: internal/criocli/criocli.go has the flags.
engine_inspect() {
  CONFIG_PATH=$(first_argument "$1" --config -c)
  CONFIG_PATH=${CONFIG_PATH:-$ENGINE_CONFIG_PATH}
  DROP_INS=$(first_argument "$1" --config-dir -d)
  DROP_INS=${DROP_INS:-$ENGINE_DROP_INS}
  ADDRESS=$(argument "$1" --listen)
  [ -n "$ADDRESS" ] || ADDRESS=$(find "$ROOT$CONFIG_PATH" "$ROOT$DROP_INS" -type f 2>/dev/null | LC_ALL=C sort | while IFS= read -r file; do
    sed -n 's/^ *listen *= *["\'']\([^"\'']*\).*/\1/p' "$file"
  done | tail -n 1)
  ADDRESS=${ADDRESS:-$ENGINE_SOCKET}
  BIN=$(dirname "$(readlink "$1/exe")")
}

first_argument() {
  found=$(argument "$1" "$2")
  [ -n "$found" ] || found=$(argument "$1" "$3")
  echo "$found"
}

engine_templates() { :; }

engine_locate() {
  locate_service
  WHOLE_DIRECTORY=$(dirname "$(drop_in)")
}

engine_drop_ins() { echo "$DROP_INS"; }

engine_check_configuration() {
  engine_dump "$CONFIG" >"$WORK/preflight.dump" 2>/dev/null || return 0 # `fill` says what is wrong with it
  driver=$(sed -n 's/^#* *storage_driver = "\(.*\)"/\1/p' "$WORK/preflight.dump")
  [ "${driver:-overlay}" = overlay ] || fail Snapshotter "the storage driver is $driver: Sysbox needs overlay, the default"
}

engine_can_be_asked() { [ -x "$DAEMON" ]; }

engine_check_version() { :; }

# One cgroup manager serves all runtimes, so the entry has nothing of it.
engine_entry() { cat "$HERE/drop-in-crio.toml"; }

# An option with its default value is in a comment.
engine_systemd_cgroup() {
  if grep -q '^cgroup_manager = "cgroupfs"' "$1"; then echo false; else echo true; fi
}

# engine_dump FILE [SECONDS]: `crio config` decodes and merges, and starts nothing. FILE of a trial goes with the copies of the drop-ins.
engine_dump() {
  directory=$ROOT$DROP_INS
  [ "$1" = "$CONFIG" ] || directory=$WORK/imports
  file=$1
  [ -f "$file" ] || file=''
  timeout "${2:-60}" "$DAEMON" --config "$file" --config-dir "$directory" config
}

# engine_table DUMP NAME: the lines of the runtime's table, a list on one line.
engine_table() {
  awk -v want="[crio.runtime.runtimes.$2]" '
    /^\[/ { inside = $0 == want; next }
    !inside || /^ *#/ || !NF { next }
    { sub(/^[ \t]+/, ""); line = line $0 }
    line ~ /= \[/ && line !~ /\]$/ { next }
    { sub(/,\]$/, "]", line); print line; line = "" }' "$1" | sort
}

engine_trial() {
  rm -rf "$WORK/imports" && mkdir -p "$WORK/imports" || return 1
  [ ! -d "$ROOT$DROP_INS" ] || cp -R "$ROOT$DROP_INS/." "$WORK/imports/" || return 1
  rm -f "$WORK/imports/$DROP_IN_NAME"
  if [ -f "$CONFIG" ]; then cat "$CONFIG"; fi >"$WORK/trial.toml"
}

engine_add_entry() { cp "$WORK/entry.toml" "$WORK/imports/$DROP_IN_NAME"; }

engine_expect() {
  expect "$HANDLER" runtime_path "$BINARY_DIR/sysbox-runc"
  expect "$HANDLER" runtime_type oci
  expect "$HANDLER" runtime_root /run/sysbox-runc
  expect "$HANDLER" allowed_annotations '[io.kubernetes.cri-o.userns-mode]'
}

# engine_others DUMP: everything but our table, which ends with another table or with a sentence. Also what is in a comment: the
# default runtimes are, until a file names any.
engine_others() {
  awk -v ours="[crio.runtime.runtimes.$HANDLER]" '
    { sub(/^# /, "") }
    $0 == ours { inside = 1; next }
    /^[a-z_]+ = / || /^\t"/ || /^\]/ { if (!inside) print; next }
    NF { inside = 0; print }' "$1"
}
