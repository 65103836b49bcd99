# The fake systemd's state: SYS/units/NAME/{active,invocation,nrestarts,due,command}. Nothing runs by itself: time passes
# in `sleep` (tick), and a job asked for with --no-block runs there too.
# shellcheck shell=sh

# What the stand-ins do is not what is tested: no shims, no faults.
PATH=$BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
UNITS=$SYS/units
read -r K3S <"$SYS/k3s-unit" || true

get() { [ -f "$UNITS/$1/$2" ] && read -r value <"$UNITS/$1/$2" && echo "$value"; }

put() {
  [ -d "$UNITS/$1" ] || mkdir -p "$UNITS/$1"
  echo "$3" >"$UNITS/$1/$2"
}

uptime() { read -r value <"$SYSBOX_ROOT/proc/uptime" && echo "${value%%.*}"; }

matching() { (cd "$UNITS" && for unit in $1; do [ ! -d "$unit" ] || echo "$unit"; done); }

daemons_up() { : >"$SYS/daemons"; list_sockets; }

daemons_down() { rm -f "$SYS/daemons"; list_sockets; }

# The kernel's list: what listens, not what has a file.
list_sockets() {
  {
    echo "Num RefCount Protocol Flags Type St Inode Path"
    [ ! -e "$SYS/daemons" ] || printf '0: 00000002 00000000 00010000 0001 01 %s\n' "11 /run/sysbox/sysmgr.sock" "12 /run/sysbox/sysfs.sock"
    [ ! -e "$SYS/containerd/up" ] || echo "0: 00000002 00000000 00010000 0001 01 13 $(cat "$SYS/socket")"
  } >"$SYSBOX_ROOT/proc/1/net/unix"
}

# Once for each boot (RemainAfterExit).
start_sysctls() {
  [ "$(get cdk8s-sysbox-sysctls.service active)" != active ] || return 0
  put cdk8s-sysbox-sysctls.service active active
  program=$(sed -n 's,^ExecStart=-/bin/sh ,,p' "$SYSBOX_ROOT/etc/systemd/system/cdk8s-sysbox-sysctls.service")
  # shellcheck disable=SC2086
  dash "$SYSBOX_ROOT"$program >>"$SYS/guard.log" 2>&1 9<&-
}

start_sysbox() {
  [ -f "$SYSBOX_ROOT/etc/systemd/system/sysbox.service" ] || return 1
  directory=$(sed -n 's/^ExecStart=\(.*\)\/sysbox-mgr.*/\1/p' "$SYSBOX_ROOT/etc/systemd/system/sysbox-mgr.service")
  "$SYSBOX_ROOT$directory/sysbox-mgr" --starts 2>/dev/null || return 1
  put sysbox.service active active
  configure_subids
  daemons_up
}

# sysbox-mgr's configSubidRange.
configure_subids() {
  for file in "$SYSBOX_ROOT/etc/subuid" "$SYSBOX_ROOT/etc/subgid"; do
    ! grep -qs '^sysbox:' "$file" || continue
    ranges=$(grep -sv '^#' "$file")
    printf '%s\n' ${ranges:+"$ranges"} sysbox:231072:65536 >"$file"
  done
}

stop_unit() {
  case $1 in
    sysbox*.service) daemons_down; put sysbox.service active inactive ;;
    *)
      pid=$(get "$1" pid)
      put "$1" active inactive
      [ -z "$pid" ] || kill -9 "-$pid" 2>/dev/null
      rm -rf "${UNITS:?}/$1" ;;
  esac
}

start_k3s() {
  put "$K3S" invocation "$(($(get "$K3S" invocation) + 1))"
  echo "start $K3S" >>"$SYS/log"
  "$BIN/k3s"
}

stop_k3s() {
  put "$K3S" active inactive
  rm -rf "$SYSBOX_ROOT/proc/100" "$SYS/containerd/up"
  list_sockets
}

restart_k3s() {
  put "$K3S" nrestarts 0
  stop_k3s
  start_k3s
}

# `server-returns` holds a time, `server-slow` how many seconds K3s needs from then on until it starts containerd.
server_is_back() {
  if [ -e "$SYS/server-returns" ] && [ "$(uptime)" -ge "$(cat "$SYS/server-returns")" ]; then
    rm -f "$SYS/server-away"
    put "$K3S" back "$(cat "$SYS/server-returns")"
    rm -f "$SYS/server-returns"
  fi
  [ ! -e "$SYS/server-away" ] || return 1
  [ "$(uptime)" -ge $(($(get "$K3S" back || echo 0) + $(cat "$SYS/server-slow" 2>/dev/null || echo 0))) ]
}

tick() {
  while [ -f "$SYS/jobs" ]; do rm -f "$SYS/jobs"; restart_k3s; done
  if [ "$(get "$K3S" active)" = auto-restart ] && [ "$(uptime)" -ge "$(get "$K3S" due)" ]; then
    put "$K3S" nrestarts "$(($(get "$K3S" nrestarts) + 1))"
    start_k3s
  fi
  if [ "$(get "$K3S" active)" = waiting ] && server_is_back; then "$BIN/k3s" goes-on; fi
  for timer in $(matching '*.timer'); do
    [ "$(get "$timer" active)" = active ] && [ "$(uptime)" -ge "$(get "$timer" due)" ] || continue
    command=$(get "$timer" command)
    rm -rf "${UNITS:?}/$timer"
    service=${timer%.timer}.service
    echo "fires $timer" >>"$SYS/log"
    # Outside of the process group of whoever sleeps, since it may stop that.
    put "$service" active active
    # shellcheck disable=SC2086
    setsid sh -c "dash $command >>'$SYS/deadman.log' 2>&1 9<&-; rm -rf '$UNITS/$service'" 9<&- </dev/null >/dev/null 2>&1 &
  done
}
