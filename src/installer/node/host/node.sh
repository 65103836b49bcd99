# How this node runs K3s or RKE2: asked of the running containerd, since units and data dirs can be renamed.
# shellcheck shell=sh

# systemctl in a chroot prints a notice and exits 0 having done nothing (node-findings; systemd's running_in_chroot()).
sctl() { SYSTEMD_IGNORE_CHROOT=1 systemctl "$@"; }

property() { sctl show --property="$2" --value "$1"; }

# The outer containerd. One nested in a pod or a container (k3d) looks the same, but lies under kubepods or a container's scope.
containerd_process() {
  for process in "$ROOT"/proc/[0-9]*; do
    [ "$(cat "$process/comm" 2>/dev/null)" = containerd ] || continue
    grep -qE 'kubepods|\.scope|/docker|libpod' "$process/cgroup" 2>/dev/null && continue
    [ -n "$(data_dir_of "$process")" ] || continue
    echo "$process"
    return 0
  done
  return 1
}

# data_dir_of PROCESS: of K3s's or RKE2's containerd; empty for another. It is started with `-c <data-dir>/agent/etc/containerd/
# config.toml` (k3s pkg/agent/containerd/command.go), but K3s blanks its command line after the start (measured on 1.36.2);
# the program itself lies in <data-dir>/data/<release>/bin.
data_dir_of() {
  config=$(argument "$1" -c)
  program=$(readlink "$1/exe" || true)
  case $config:$program in
    */agent/etc/containerd/config.toml:*) echo "${config%/agent/etc/containerd/config.toml}" ;;
    :*/data/*/bin/*) echo "${program%/data/*/bin/*}" ;;
  esac
}

# The socket, as K3s was told or as it rendered it.
address_of() {
  address=$(argument "$1" -a)
  [ -n "$address" ] || address=$(sed -n 's/^ *address = "\(.*\)"/\1/p' "$ROOT$DATA_DIR/agent/etc/containerd/config.toml" 2>/dev/null | head -n 1)
  echo "${address:-/run/k3s/containerd/containerd.sock}"
}

# argument PROCESS FLAG: the word after FLAG in the process' command line.
argument() {
  tr '\0' '\n' <"$1/cmdline" 2>/dev/null | awk -v flag="$2" 'found { print; exit } $0 == flag { found = 1 }'
}

# The unit is the last .service of the process' cgroup: K3s runs containerd inside its own unit (Delegate=yes).
unit_of() {
  tr '/' '\n' <"$1/cgroup" | grep '\.service$' | tail -n 1 | sed 's/\.service$//'
}

# discover: from the running containerd, and kept for the times when it is down.
discover() {
  found=$(containerd_process) || return 1
  UNIT=$(unit_of "$found")
  DATA_DIR=$(data_dir_of "$found")
  ADDRESS=$(address_of "$found")
  BIN=$(dirname "$(readlink "$found/exe")")
  printf '%s\n' "UNIT=$UNIT" "DATA_DIR=$DATA_DIR" "ADDRESS=$ADDRESS" "BIN=$BIN" | write_file "$NODE"
  locate
}

# recall: what discover found last. After a K3s upgrade the old release's folder may be gone: `data/current` is the new one.
recall() {
  [ -f "$NODE" ] || return 1
  for key in UNIT DATA_DIR ADDRESS BIN; do
    eval "$key=\$(sed -n 's/^$key=//p' \"\$NODE\")"
  done
  for candidate in "$DATA_DIR/data/current/bin" "$DATA_DIR/bin" "$BIN"; do
    [ -x "$ROOT$candidate/containerd" ] || continue
    BIN=$candidate
    break
  done
  locate
}

locate() {
  CONFIG_DIR=$ROOT$DATA_DIR/agent/etc/containerd
  CONFIG=$CONFIG_DIR/config.toml
  CONTAINERD=$ROOT$BIN/containerd
  CRICTL=$ROOT$BIN/crictl
  KUBECTL=$ROOT$BIN/kubectl
  GUARD_CONF=$UNITS/$UNIT.service.d/10-$MINE.conf
}

# crictl's own default of 2 s is too short on a busy node (node-findings).
cri() { "$CRICTL" --runtime-endpoint "unix://$ADDRESS" --timeout 90s "$@"; }

# The kernel's list first: crictl is all of K3s in one binary, and starting it every 2 s took half of an emulated processor from the
# K3s that was waited for.
containerd_answers() {
  listens "$ADDRESS" && "$CRICTL" --runtime-endpoint "unix://$ADDRESS" --timeout 10s version >/dev/null 2>&1
}

# A server is its own: only agents wait for another node before they start containerd.
is_server() {
  [ "${ROLE_KNOWN_OF:-}" = "$UNIT" ] || {
    ROLE=agent ROLE_KNOWN_OF=$UNIT
    ! property "$UNIT" ExecStart | grep -qE 'argv\[\]=[^ ]+ server( |$)' || ROLE=server
  }
  [ "$ROLE" = server ]
}

# servers: host:port, as the load balancer of an agent knows them. The other file, of the API server, is not asked: RKE2's answers no /ping.
servers() {
  for balancer in "$ROOT$DATA_DIR"/agent/etc/k3s-agent-load-balancer.json "$ROOT$DATA_DIR"/agent/etc/rke2-agent-load-balancer.json; do
    [ ! -f "$balancer" ] || tr ', ' '\n\n' <"$balancer" | sed -n 's/.*"\(https:\/\/\)\{0,1\}\([^"/ ]*:[0-9][0-9]*\)".*/\2/p'
  done | sort -u
}

# An agent whose server is away looks broken for as long as that lasts (k3s pkg/agent/run.go, config.Get). /ping needs no
# credentials, but without any kubectl asks for a user name, and fails where nobody answers; KUBECONFIG is named because K3s's
# kubectl otherwise falls back to the admin one.
server_reachable() {
  ! is_server || return 0
  known=$(servers)
  for server in $known; do
    KUBECONFIG=/dev/null "$KUBECTL" --server "https://$server" --insecure-skip-tls-verify --token none --request-timeout 5s \
      get --raw /ping >/dev/null 2>&1 && return 0
  done
  [ -z "$known" ]
}
