# One real sandbox under the handler, through the CRI, with the node's own pause image.
# shellcheck shell=sh

SANDBOX=$MINE-check
SANDBOX_LABEL=$MINE.io/check

# A range of ids at the far end of those that the kubelet gives to pods; a user namespace alone proves nothing, so the mounts are
# looked at. The namespace of PIDs is the pod's (0): otherwise CRI-O starts no process for a sandbox (sandbox_linux.go, NeedsInfra).
sandbox_config() {
  case $(engine_systemd_cgroup "$WORK/live.dump") in true) parent=/kubepods.slice ;; *) parent=/kubepods ;; esac
  ids='[{"host_id":3221225472,"container_id":0,"length":65536}]'
  cat <<EOF
{"metadata":{"name":"$SANDBOX","namespace":"kube-system","uid":"$(cat "$ROOT/proc/sys/kernel/random/uuid")","attempt":1},
 "hostname":"$SANDBOX","log_directory":"/tmp","labels":{"$SANDBOX_LABEL":"$SANDBOX"},
 "linux":{"cgroup_parent":"$parent","security_context":{"namespace_options":{"network":0,"pid":0,"ipc":0,
  "userns_options":{"mode":0,"uids":$ids,"gids":$ids}}}}}
EOF
}

# By the label, which is compared: `--name` is a pattern, and would name pods of others too.
remove_sandboxes() {
  for leftover in $(cri pods --label "$SANDBOX_LABEL=$SANDBOX" --quiet 2>/dev/null); do
    cri rmp --force "$leftover" >/dev/null 2>&1 || true
  done
}

# sandbox_runs: several tries, since the kubelet's housekeeping removes a sandbox it does not know within seconds.
sandbox_runs() {
  make_work
  engine_dump "$CONFIG" >"$WORK/live.dump" 2>/dev/null || { SANDBOX_ERROR="$ENGINE_DAEMON rejects its configuration ($CONFIG)"; return 1; }
  attempt=0
  while [ $attempt -lt 3 ]; do
    attempt=$((attempt + 1))
    remove_sandboxes
    sandbox_config >"$WORK/sandbox.json"
    try_sandbox && { remove_sandboxes; return 0; }
    sleep 1
  done
  remove_sandboxes
  return 1
}

# sandbox_process ID: by its cgroup, which has the id in its name. `crictl inspectp` takes seconds on a busy node, and the kubelet
# has stopped a sandbox that it does not know by then (measured: its housekeeping comes every 2 s). For the same reason one grep
# for all processes: one for each takes longer than that where there are thousands, or the processor is slow.
sandbox_process() {
  process=$(grep -ls "$ENGINE_SANDBOX$1" "$ROOT"/proc/[0-9]*/cgroup | head -n 1)
  [ -n "$process" ] && echo "${process%/cgroup}"
}

# is_network_failure: Calico's CNI plugin, and so Canal, reads the pod from the API, where there is none. That proves nothing about the runtime,
# which a real pod verifies later.
is_network_failure() { grep -qF "$ENGINE_NETWORK_ERROR" "$WORK/sandbox.err"; }

try_sandbox() {
  sandbox=$(cri runp --runtime "$HANDLER" "$WORK/sandbox.json" 2>"$WORK/sandbox.err") || {
    SANDBOX_ERROR="no sandbox starts under $HANDLER: $(tail -n 1 "$WORK/sandbox.err")"
    is_network_failure || return 1
    warn "the sandbox could not be tried here, since the CNI plugin refuses one without a pod: $(tail -n 1 "$WORK/sandbox.err")"
    SANDBOX_ERROR=
    return 0
  }
  SANDBOX_ERROR="the sandbox under $HANDLER ended before it could be looked at"
  found=$(sandbox_process "$sandbox") || return 1
  mounts=$(cat "$found/mounts" 2>/dev/null) || return 1
  cgroups=$(cat "$found/cgroup" 2>/dev/null) || return 1
  SANDBOX_ERROR="the sandbox under $HANDLER has no sysboxfs mounts: another runtime ran it"
  echo "$mounts" | grep -q sysboxfs || return 1
  SANDBOX_ERROR="the sandbox's cgroup ($cgroups) is outside kubepods: limits would not hold"
  echo "$cgroups" | grep -q kubepods || return 1
  SANDBOX_ERROR=
}
