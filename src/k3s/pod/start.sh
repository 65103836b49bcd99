#!/bin/sh
# The start of a nested K3s, as the first process or a unit: says who this node is and how much it has, then becomes K3s.
set -eu
. "$(dirname "$0")/join.sh"

ETC=${ETC:-/etc}
PROC=${PROC:-/proc}
RUN=${RUN:-/run}

# K3s' image has no machine id, and the kubelet reports one. The same pod is the same machine. systemd makes its own.
machine_id() {
  [ ! -d "$RUN/systemd/system" ] || return 0
  printf '%s' "$NODE_NAME" | md5sum | cut -c1-32 >"$ETC/machine-id"
}

# reserved: what of the machine is not the pod's. /proc/meminfo and /proc/cpuinfo show the whole machine (sysbox#391), so the
# scheduler inside would hand out memory and processors that the pod's limits do not grant.
reserved() {
  memory=$(($(awk '$1 == "MemTotal:" { print $2 }' "$PROC/meminfo") - MEMORY_LIMIT / 1024))
  cpu=$(($(grep -c '^processor' "$PROC/cpuinfo") * 1000 - CPU_LIMIT))
  [ $memory -gt 0 ] || memory=0
  [ $cpu -gt 0 ] || cpu=0
  echo "cpu=${cpu}m,memory=${memory}Ki"
}

machine_id
case "$*" in
  *system-reserved=*) ;;
  *) set -- "$@" "--kubelet-arg=system-reserved=$(reserved)" ;;
esac
if [ -n "${JOIN_URL:-}" ]; then
  # it may wait, and the first process of a container does not end by a signal that it does not catch
  trap 'exit 0' TERM INT
  prepare_etcd
  set -- "$@" "$(etcd_argument)"
fi
exec k3s "$@"
