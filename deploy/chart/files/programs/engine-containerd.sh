# containerd as a service of its own (kubeadm, any distribution's unit), which the kubelet of this node uses. Only containerd is
# restarted: pods and kubelet continue.
# shellcheck shell=sh

ENGINE_NAME=containerd
ENGINE_MINIMUM="containerd 2.0.5"
ENGINE_CONFIG_PATH=/etc/containerd/config.toml
ENGINE_SOCKET=/run/containerd/containerd.sock
ENGINE_DROP_INS=/etc/containerd/conf.d

# engine_recognizes PROCESS: the main process of its unit, and the one that serves the kubelet: Docker has a containerd too.
engine_recognizes() {
  find_unit "$1" && [ "$(property "$UNIT" MainPID)" = "${1##*/}" ] && serves_kubelet "$1"
}

serves_kubelet() {
  engine_inspect "$1"
  [ "$(canonical_socket "$ADDRESS")" = "$(kubelet_socket)" ]
}

# kubelet_socket: as the kubelet's command line, its configuration file or its default says.
kubelet_socket() {
  for kubelet in "$ROOT"/proc/[0-9]*; do
    { read -r daemon <"$kubelet/comm"; } 2>/dev/null && [ "$daemon" = kubelet ] && is_roots "$kubelet" && shares_namespaces "$kubelet" ||
      continue
    socket=$(argument "$kubelet" --container-runtime-endpoint)
    kubelet_config=$ROOT$(argument "$kubelet" --config)
    [ -n "$socket" ] || [ ! -f "$kubelet_config" ] ||
      socket=$(sed -n 's/^containerRuntimeEndpoint: *["'\'']\{0,1\}\([^"'\'' ]*\).*/\1/p' "$kubelet_config")
    canonical_socket "${socket:-/run/containerd/containerd.sock}"
    return 0
  done
  return 1
}

# canonical_socket ADDRESS: /var/run is a link to /run. The kernel's list has the path that the daemon was given, so ADDRESS stays.
canonical_socket() {
  socket=${1#unix://}
  case $socket in /var/run/*) socket=${socket#/var} ;; esac
  echo "$socket"
}

# engine_inspect PROCESS: sets CONFIG_PATH, ADDRESS and BIN (containerd cmd/containerd/command/main.go).
engine_inspect() {
  DROP_INS=''
  CONFIG_PATH=$(argument "$1" --config)
  [ -n "$CONFIG_PATH" ] || CONFIG_PATH=$(argument "$1" -c)
  CONFIG_PATH=${CONFIG_PATH:-$ENGINE_CONFIG_PATH}
  ADDRESS=$(argument "$1" --address)
  [ -n "$ADDRESS" ] || ADDRESS=$(argument "$1" -a)
  [ -n "$ADDRESS" ] || [ ! -f "$ROOT$CONFIG_PATH" ] ||
    ADDRESS=$(awk '/^ *\[/ { inside = $0 ~ /^ *\[grpc\]/ } inside && $1 == "address" { gsub(/["'\'']/, "", $3); print $3; exit }' "$ROOT$CONFIG_PATH")
  ADDRESS=${ADDRESS:-$ENGINE_SOCKET}
  BIN=$(dirname "$(readlink "$1/exe")")
}

engine_locate() { locate_service; }

# locate_service: the paths that follow from what was inspected. crictl comes with kubeadm (package cri-tools).
locate_service() {
  CONFIG=$ROOT$CONFIG_PATH
  CONFIG_DIR=$(dirname "$CONFIG")
  DAEMON=$ROOT$BIN/$ENGINE_DAEMON
  CRICTL=$ROOT/usr/bin/crictl
  for directory in /usr/local/bin /opt/bin; do
    [ ! -x "$ROOT$directory/crictl" ] || CRICTL=$ROOT$directory/crictl
  done
  KUBECTL=$CRICTL                     # not used: no other node is waited for
}

# engine_drop_ins: the first directory that the configuration imports; the list can have several lines.
engine_drop_ins() {
  awk '/^imports *=/ { inside = 1 } /^ *\[[^"'\'']/ && !/^imports/ { exit } inside { print } inside && /\]/ { exit }' "$CONFIG" |
    tr ',[]' '\n\n\n' | sed -n 's/^ *["'\'']\(\/.*\)\/\*\.toml["'\''].*/\1/p' | head -n 1
}

# engine_templates: the root file itself, where it imports nothing; once it is taken over, it stays so.
engine_templates() {
  if [ -z "$(engine_drop_ins)" ] || is_ours "$CONFIG"; then echo "$CONFIG"; fi
}

# engine_template: its owner's lines, and our table behind them.
engine_template() {
  before_ours "$CONFIG"
  grep -v '^version' "$WORK/entry.toml"
}

engine_refuse_template() {
  fail NoImports "$(lacks_imports); or let the installer add its table to the file, by the setting node.takeoverSha256 (TAKEOVER) $(sha "$1")"
}

# engine_give_back SAVED PLACE: without our table. Its owner can have written in it since it was taken over.
engine_give_back() {
  before_ours "$2" >"$WORK/theirs"
  if cmp -s "$WORK/theirs" "$1"; then copy_file "$1" "$2"; else rewrite_file "$2" "$(cat "$WORK/theirs")$NEWLINE"; fi
}

engine_can_start() { :; }

engine_explains_absence() { :; }
