#!/bin/sh
# Readiness of a systemd machine: systemd has started everything, the units that are named are active, and something listens
# on the ports.
#   ready.sh [--strict] [--port=PORT]... [UNIT...]
# A machine with failed units ("degraded") counts as ready, unless it is asked for strictly. The failed units are named
# in the answer of the probe and, when they change, on the console, which is the container's log.
set -eu

root=${CDK8S_SYSBOX_ROOT:-} # tests put a directory in front of every path
console=$root/dev/console
reported=$root/run/cdk8s-sysbox/failed-units

not_ready() {
  echo "not ready: $*"
  exit 1
}

failed_units() {
  systemctl list-units --state=failed --plain --no-legend --no-pager | while read -r unit _; do printf ' %s' "$unit"; done
}

report() {
  known=
  [ ! -r "$reported" ] || read -r known <"$reported" || :
  [ "$known" != "$1" ] || return 0
  mkdir -p "${reported%/*}"
  echo "$1" >"$reported"
  echo "systemd is $1" >"$console" 2>/dev/null || :
}

# State 0A is LISTEN; addresses and ports are in upper-case hexadecimal (Documentation/networking/proc_net_tcp.rst).
listens() {
  grep -qsE "^ *[0-9]+: [0-9A-F]+:$(printf '%04X' "$1") [0-9A-F]+:0000 0A " "$root/proc/net/tcp" "$root/proc/net/tcp6"
}

strict=
ports=
while :; do
  case ${1:-} in
    --strict) strict=yes ;;
    --port=*) ports="$ports ${1#--port=}" ;;
    *) break ;;
  esac
  shift
done

state=$(systemctl is-system-running 2>/dev/null) || : # not zero for anything but running
case $state in
  running) report running ;;
  degraded)
    failed=$(failed_units)
    report "degraded, failed units:$failed"
    if [ -n "$strict" ]; then not_ready "failed units:$failed"; fi
    echo "degraded, failed units:$failed"
    ;;
  *) not_ready "systemd is ${state:-not there yet}" ;;
esac

for unit; do
  systemctl is-active --quiet "$unit" || not_ready "$unit is $(systemctl is-active "$unit" || :)"
done

for port in $ports; do
  listens "$port" || not_ready "nothing listens on port $port"
done
