#!/bin/sh
# Prepares and starts a Docker engine in a system container.
#   engine.sh configure              write daemon.json for an engine that something else starts
#   engine.sh dockerd                write daemon.json, run the engine
#   engine.sh dockerd -- COMMAND...  write daemon.json, run COMMAND alongside the engine, stop the engine after it
#   engine.sh answers                startup probe: does the engine answer?
#   engine.sh runs                   readiness probe: does the engine run? It starts no other process.
set -eu

root=${CDK8S_SYSBOX_ROOT:-} # tests put a directory in front of every path
template=$root/opt/cdk8s-sysbox/docker/daemon.json
config=$root/etc/docker/daemon.json
engine_log=$root/var/log/dockerd.log
ipv4_routes=$root/proc/net/route
ipv6_routes=$root/proc/net/ipv6_route
ipv6_settings=$root/proc/sys/net/ipv6/conf
legacy_iptables=$root/usr/local/sbin/.iptables-legacy
pid_file=$root/var/run/docker.pid
own_socket=/var/run/docker.sock
start_seconds=${DOCKER_START_SECONDS:-120}
poll_seconds=${DOCKER_POLL_SECONDS:-} # tests do not wait

fail() {
  echo "engine.sh: $*" >&2
  exit 1
}

configure() {
  [ -f "$template" ] || return 0
  mkdir -p "${config%/*}"
  mtu=
  if grep -q '@POD_MTU' "$template"; then mtu=$(pod_mtu); fi
  sed -e "s/\"@POD_MTU_NUMBER@\"/$mtu/" -e "s/@POD_MTU@/$mtu/" "$template" >"$config"
}

# An inner network with a larger MTU than the pod's loses large packets: pulls hang (docker-library/docker#471).
pod_mtu() {
  interface=$(default_interface) || interface=eth0
  mtu=$(interface_mtu "$interface" || :)
  case $mtu in
    '' | *[!0-9]*) fail "cannot tell the MTU of $interface: put iproute2 into the image, or give the MTU as a number" ;;
    *) echo "$mtu" ;;
  esac
}

default_interface() {
  if [ -r "$ipv4_routes" ]; then
    while read -r interface destination _; do
      if [ "$destination" = 00000000 ]; then
        echo "$interface"
        return
      fi
    done <"$ipv4_routes"
  fi
  [ -r "$ipv6_routes" ] || return 1
  while read -r destination length _ _ _ _ _ _ _ interface; do
    if [ "$destination $length" = '00000000000000000000000000000000 00' ] && [ "$interface" != lo ]; then
      echo "$interface"
      return
    fi
  done <"$ipv6_routes"
  return 1
}

# Not from /sys/class/net: Sysbox 0.7.1 shows the node's interfaces there (nestybox/sysbox#1041).
interface_mtu() {
  if command -v ip >/dev/null; then
    ip -o link show dev "$1" | sed -n 's/.* mtu \([0-9]*\) .*/\1/p'
  else
    cat "$ipv6_settings/$1/mtu" 2>/dev/null
  fi
}

# On a node without nf_tables the iptables of Docker's image fails; it brings the legacy one (docker-library/docker#350).
choose_iptables() {
  [ -d "$legacy_iptables" ] || return 0
  iptables -nL >/dev/null 2>&1 || PATH=$legacy_iptables:$PATH
}

# dockerd as PID 1 would not reap what its containers leave behind (docker-library/docker#318).
run_engine() {
  if command -v docker-init >/dev/null; then exec docker-init -- dockerd; fi
  exec dockerd
}

run_alongside_engine() {
  engine=
  command=
  watcher=
  engine_lost=
  trap 'stop_early' TERM INT
  trap 'lose_engine' USR1
  mkdir -p "${engine_log%/*}"
  dockerd >"$engine_log" 2>&1 &
  engine=$!
  wait_for_engine
  exec 3<&0 # a background command reads /dev/null otherwise
  "$@" <&3 3<&- &
  command=$!
  watch_engine >/dev/null 2>&1 3<&- &
  watcher=$!
  wait_until_ended "$command"
  stop_engine
  [ -z "$engine_lost" ] || fail 'dockerd ended before the command'
  exit "$status"
}

# Without its engine the command would go on failing for as long as it lives; a container that ends is started again.
watch_engine() {
  trap - TERM INT USR1
  until has_ended "$engine"; do sleep "${poll_seconds:-2}"; done
  kill -USR1 "$$"
}

lose_engine() {
  engine_lost=yes
  tail -n 50 "$engine_log" >&2 || :
  kill -TERM "$command" 2>/dev/null || :
}

# At its own socket, whatever variables of another setup are in the environment. `docker version` is one process and one
# request; `docker info` also runs every plugin of the command.
answers() {
  env -u DOCKER_HOST -u DOCKER_CONTEXT -u DOCKER_TLS -u DOCKER_TLS_VERIFY -u DOCKER_CERT_PATH -u DOCKER_API_VERSION \
    timeout 60 docker -H "unix://$own_socket" version --format '{{.Server.Version}}'
}

runs() {
  [ -S "$root$own_socket" ] || fail "there is no socket at $own_socket"
  # dockerd writes no newline after it (moby pkg/pidfile), and `read` fails for that
  read -r pid <"$pid_file" || [ -n "${pid:-}" ] || fail "there is no pid in $pid_file"
  ! has_ended "$pid" || fail 'dockerd has ended'
}

wait_for_engine() {
  waited=0
  until answers >/dev/null 2>&1; do
    if has_ended "$engine"; then give_up 'dockerd ended before it answered'; fi
    if [ "$waited" -ge "$start_seconds" ]; then give_up "dockerd does not answer after $start_seconds seconds"; fi
    sleep "${poll_seconds:-1}"
    waited=$((waited + 1))
  done
}

# Sets `status`. A signal that is passed on interrupts `wait`, so ask again until the process is gone.
wait_until_ended() {
  while :; do
    status=0
    wait "$1" || status=$?
    kill -0 "$1" 2>/dev/null || return 0
  done
}

# A zombie still answers to kill -0.
has_ended() {
  read -r _ _ state _ 2>/dev/null <"/proc/$1/stat" || return 0
  [ "$state" = Z ]
}

stop_early() {
  if [ -n "$command" ]; then
    kill -TERM "$command" 2>/dev/null || :
  else
    stop_engine
    exit 143
  fi
}

stop_engine() {
  [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || :
  [ -n "$engine" ] || return 0
  kill -TERM "$engine" 2>/dev/null || :
  wait "$engine" 2>/dev/null || :
}

give_up() {
  tail -n 50 "$engine_log" >&2 || :
  stop_engine
  fail "$*"
}

case ${1:-} in
  configure) configure ;;
  answers) answers ;;
  runs) runs ;;
  dockerd)
    shift
    configure
    choose_iptables
    if [ $# -eq 0 ]; then run_engine; fi
    [ "$1" = -- ] || fail "usage: engine.sh dockerd [-- COMMAND...]"
    shift
    run_alongside_engine "$@"
    ;;
  *) fail "usage: engine.sh configure | dockerd [-- COMMAND...] | answers | runs" ;;
esac
