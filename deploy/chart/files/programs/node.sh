# Which engine runs this node's pods, and in which unit. Found from the running processes, since units and data directories can
# be renamed. What differs between engines is in engines/, one file each.
# shellcheck shell=sh

# systemctl in a chroot prints a notice and exits 0 having done nothing (node-findings; systemd's running_in_chroot()).
sctl() { SYSTEMD_IGNORE_CHROOT=1 systemctl "$@"; }

property() { sctl show --property="$2" --value "$1"; }

# argument PROCESS FLAG: the value of FLAG in the process' command line, as `FLAG VALUE` or `FLAG=VALUE`.
argument() {
  { tr '\0' '\n' <"$1/cmdline"; } 2>/dev/null | awk -v flag="$2" '
    found { print; exit }
    $0 == flag { found = 1 }
    index($0, flag "=") == 1 { print substr($0, length(flag) + 2); exit }'
}

# canonical PATH: without symbolic links in its directory, so that every file has one spelling.
canonical() {
  parent=$(readlink -f "$(dirname "$1")") && [ -n "$parent" ] || parent=$(dirname "$1")
  echo "${parent%/}/${1##*/}"
}

# load_engine NAME: sources it; its functions replace those of the engine that was loaded before.
load_engine() {
  ENGINE=$1
  # shellcheck source=containerd.sh
  . "$HERE/containerd.sh"
  # shellcheck source=engines/k3s.sh
  . "$HERE/engine-$1.sh"
}

# discover: sets ENGINE, UNIT and the paths of the engine that is running, and saves them for the times when it is down.
discover() {
  REFUSED_REASON='' REFUSED=''
  for engine_file in "$HERE"/engine-*.sh; do
    engine_name=${engine_file##*/engine-}
    load_engine "${engine_name%.sh}"
    for process in "$ROOT"/proc/[0-9]*; do
      { read -r daemon <"$process/comm"; } 2>/dev/null || continue
      [ "$daemon" = "$ENGINE_DAEMON" ] && engine_recognizes "$process" && is_of_this_node "$process" || continue
      save_node
      return 0
    done
  done
  return 1
}

save_node() {
  printf '%s\n' "ENGINE=$ENGINE" "UNIT=$UNIT" "CONFIG_PATH=$CONFIG_PATH" "DROP_INS=$DROP_INS" "ADDRESS=$ADDRESS" "BIN=$BIN" | write_file "$NODE" 600
}

# recall: loads what `discover` saved last.
recall() {
  [ -f "$NODE" ] || return 1
  for key in ENGINE UNIT CONFIG_PATH DROP_INS ADDRESS BIN; do
    eval "$key=\$(sed -n 's/^$key=//p' \"\$NODE\")"
  done
  [ -f "$HERE/engine-$ENGINE.sh" ] || return 1
  load_engine "$ENGINE"
  locate
}

locate() {
  engine_locate
  GUARD_CONF=$UNITS/$UNIT.service.d/10-$MINE.conf
}

# is_of_this_node PROCESS: whether its programs can be trusted, since they are run as root. Any user can name a process like the engine's, and
# a container (LXC, a pod, k3d) can hold a complete engine. So the process must run as root, in the namespaces of PID 1 and in the control group
# of a unit that systemd knows, and its programs must be replaceable by root only. Otherwise sets REFUSED_REASON and REFUSED.
is_of_this_node() {
  REFUSED_REASON=NotTrusted REFUSED=''
  if ! is_roots "$1"; then REFUSED="does not run as root"
  elif ! shares_namespaces "$1"; then REFUSED="runs in a container: its namespaces are not those of PID 1"
  elif ! find_unit "$1"; then REFUSED_REASON=NoUnit REFUSED="runs in the control group $CONTROL_GROUP, which is not a systemd unit's"
  else
    engine_inspect "$1"
    locate
    for program in "$DAEMON" "$CRICTL" "$KUBECTL"; do
      [ ! -e "$program" ] || only_root_writes "$program" || { REFUSED="would have to be run from $program, which is not root's alone"; break; }
    done
    [ -n "$REFUSED" ] || return 0
  fi
  REFUSED="process ${1##*/} ($ENGINE_DAEMON of $ENGINE_NAME) $REFUSED"
  return 1
}

is_roots() { grep -q '^Uid:[[:space:]]*0[[:space:]]*0[[:space:]]' "$1/status" 2>/dev/null; }

shares_namespaces() {
  for namespace in pid user mnt; do
    [ "$(readlink "$1/ns/$namespace")" = "$(readlink "$ROOT/proc/1/ns/$namespace")" ] || return 1
  done
}

# find_unit PROCESS: sets UNIT, the last .service of its control group, if systemd says that this is the unit's control group.
find_unit() {
  CONTROL_GROUP=$(awk -F: '$1 == 0 || $2 == "name=systemd" { sub(/^[^:]*:[^:]*:/, ""); if (length > length(path)) path = $0 } END { print path }' "$1/cgroup")
  UNIT=$(printf '%s' "$CONTROL_GROUP" | tr '/' '\n' | sed -n 's/\.service$//p' | tail -n 1)
  [ -n "$UNIT" ] || return 1
  units_group=$(property "$UNIT.service" ControlGroup)
  [ -n "$units_group" ] || return 1
  case $CONTROL_GROUP/ in "$units_group"/*) ;; *) return 1 ;; esac
}

# only_root_writes FILE: whether it and all directories above it belong to the owner of the root directory and are not world-writable (in a
# sticky directory, nobody can replace another user's file).
only_root_writes() {
  checked=$(readlink -f "$1") && [ -e "$checked" ] || return 1
  set -- "${ROOT:-/}"
  while [ -n "$checked" ] && [ "$checked" != "$ROOT" ]; do
    set -- "$@" "$checked"
    checked=${checked%/*}
  done
  stat -c '%u %a' "$@" | awk 'NR == 1 { owner = $1; next } $1 != owner || ($2 ~ /[2367]$/ && $2 !~ /^1...$/) { exit 1 }'
}

# crictl's own default of 2 s is too short on a busy node (node-findings).
cri() { "$CRICTL" --runtime-endpoint "unix://$ADDRESS" --timeout 90s "$@"; }

# engine_answers: checks the kernel's list of sockets first: crictl can be a link to a large binary with a whole engine, and starting it every
# 2 s took half of an emulated CPU from the engine that was starting.
engine_answers() {
  listens "$ADDRESS" && "$CRICTL" --runtime-endpoint "unix://$ADDRESS" --timeout 10s version >/dev/null 2>&1
}
