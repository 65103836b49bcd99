# K3s. containerd is a child of the K3s process, and its configuration is rendered by K3s at every start. A restart of the unit
# leaves pods running (KillMode=process), and on a server takes the API away meanwhile.
# shellcheck shell=sh

ENGINE_NAME=K3s
ENGINE_MINIMUM="K3s 1.33.1"           # the first with containerd 2.0.5
ENGINE_PROGRAM=k3s
ENGINE_CONFIG=/etc/rancher/k3s/config.yaml
ENGINE_BALANCER=k3s-agent-load-balancer.json

# engine_recognizes PROCESS: a containerd of this engine. RKE2 has the same layout and a link `bin` to its release.
engine_recognizes() {
  DATA_DIR=$(data_dir_of "$1")
  [ -n "$DATA_DIR" ] && [ ! -L "$ROOT$DATA_DIR/bin" ]
}

# data_dir_of PROCESS: empty for another containerd. It is started with `-c <data-dir>/agent/etc/containerd/config.toml` (k3s
# pkg/agent/containerd/command.go), but K3s blanks its command line after the start (measured on 1.36.2); the program itself lies
# in <data-dir>/data/<release>/bin.
data_dir_of() {
  config=$(argument "$1" -c)
  program=$(readlink "$1/exe" || true)
  case $config:$program in
    */agent/etc/containerd/config.toml:*) echo "${config%/agent/etc/containerd/config.toml}" ;;
    :*/data/*/bin/*) echo "${program%/data/*/bin/*}" ;;
  esac
}

# engine_inspect PROCESS: sets CONFIG_PATH, ADDRESS and BIN.
engine_inspect() {
  DROP_INS=''
  CONFIG_PATH=$(data_dir_of "$1")/agent/etc/containerd/config.toml
  BIN=$(dirname "$(readlink "$1/exe")")
  ADDRESS=$(argument "$1" -a)
  [ -n "$ADDRESS" ] || ADDRESS=$(sed -n 's/^ *address = "\(.*\)"/\1/p' "$ROOT$CONFIG_PATH" 2>/dev/null | head -n 1)
  ADDRESS=${ADDRESS:-/run/k3s/containerd/containerd.sock}
}

# engine_locate: the paths that follow from what was inspected. After an upgrade the directory of the old release may be gone:
# `data/current` (K3s) and `bin` (RKE2) name the new one.
engine_locate() {
  DATA_DIR=${CONFIG_PATH%/agent/etc/containerd/config.toml}
  for candidate in "$DATA_DIR/data/current/bin" "$DATA_DIR/bin" "$BIN"; do
    [ -x "$ROOT$candidate/containerd" ] || continue
    BIN=$candidate
    break
  done
  CONFIG=$ROOT$CONFIG_PATH
  CONFIG_DIR=$(dirname "$CONFIG")
  DAEMON=$ROOT$BIN/containerd
  CRICTL=$ROOT$BIN/crictl
  KUBECTL=$ROOT$BIN/kubectl
  ENGINE_LOG=$ROOT$DATA_DIR/agent/containerd/containerd.log
}

# engine_drop_ins: the directory that the rendered file imports; since 1.33.10, 1.34.6, 1.35.3 (k3s#13680), which the line shows
# and the version does not.
engine_drop_ins() {
  sed -n 's/^imports = \[.*"\(.*\/config\(-v3\)\{0,1\}\.toml\.d\)\/\*\.toml".*/\1/p' "$CONFIG" | head -n 1
}

# engine_templates: what the configuration can be rendered from, in the order of precedence; ours is the first.
engine_templates() { printf '%s\n' "$CONFIG_DIR/config-v3.toml.tmpl" "$CONFIG_DIR/config.toml.tmpl"; }

# engine_template: ours.
engine_template() { cat "$HERE/config-v3.toml.tmpl"; }

engine_refuse_template() {
  case $1 in *-v3.toml.tmpl) lines=$HERE/manual-lines-v3.toml ;; *) lines=$HERE/manual-lines-v2.toml ;; esac
  fail ForeignTemplate "$1 is not ours. Let the installer replace it, by the setting node.takeoverSha256 (TAKEOVER) $(sha "$1"), or add these lines to it by hand: $(cat "$lines")"
}

# engine_explains_absence: the engine runs, but no containerd of its own.
engine_explains_absence() {
  for process in "$ROOT"/proc/[0-9]*; do
    { read -r daemon <"$process/comm"; } 2>/dev/null || continue
    case $daemon in "$ENGINE_PROGRAM"|"$ENGINE_PROGRAM-server"|"$ENGINE_PROGRAM-agent") ;; *) continue ;; esac
    is_roots "$process" && shares_namespaces "$process" || continue
    find_unit "$process" ||
      fail NoUnit "$ENGINE_NAME (process ${process##*/}) runs in the control group $CONTROL_GROUP, which is not a systemd unit's: run it by a unit, as its install script does"
    if { property "$UNIT" ExecStart; cat "$ROOT$ENGINE_CONFIG"; } 2>/dev/null | grep -qE -e '--docker( |$)' -e '^docker: *true'; then
      fail Docker "$ENGINE_NAME runs pods with Docker (--docker), which knows no runtime classes: remove that option, then it uses its own containerd"
    fi
  done
}

# engine_is_server: a server waits for no other node before it starts containerd, an agent does.
engine_is_server() {
  [ "${ROLE_KNOWN_OF:-}" = "$UNIT" ] || {
    ROLE=agent ROLE_KNOWN_OF=$UNIT
    ! property "$UNIT" ExecStart | grep -qE 'argv\[\]=[^ ]+ server( |$)' || ROLE=server
  }
  [ "$ROLE" = server ]
}

# servers: host:port, as the load balancer of an agent knows them. The other file, of the API server, is not read: RKE2's answers
# no /ping.
servers() {
  balancer=$ROOT$DATA_DIR/agent/etc/$ENGINE_BALANCER
  [ ! -f "$balancer" ] || tr ', ' '\n\n' <"$balancer" | sed -n 's/.*"\(https:\/\/\)\{0,1\}\([^"/ ]*:[0-9][0-9]*\)".*/\2/p' | sort -u
}

# engine_can_start: whether what the engine waits for before it starts containerd is there. An agent whose server is away looks
# broken for as long as that lasts (k3s pkg/agent/run.go, config.Get). /ping needs no credentials, but without any kubectl asks
# for a user name, and fails where nobody answers; KUBECONFIG is set because K3s's kubectl otherwise falls back to the admin one.
engine_can_start() {
  ! engine_is_server || return 0
  known=$(servers)
  for server in $known; do
    KUBECONFIG=/dev/null "$KUBECTL" --server "https://$server" --insecure-skip-tls-verify --token none --request-timeout 5s \
      get --raw /ping >/dev/null 2>&1 && return 0
  done
  [ -z "$known" ]
}
