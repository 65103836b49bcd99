#!/bin/sh
# The start of a nested K3s, as the first process or a unit: tells K3s who this node is and what it may use, then becomes K3s.
set -eu
. "$(dirname "$0")/nested-kubectl.sh"
. "$(dirname "$0")/join.sh"

ETC=${ETC:-/etc}
PROC=${PROC:-/proc}
RUN=${RUN:-/run}
STATE=${STATE:-/run/cdk8s-sysbox}

# K3s' image has no machine id, and the kubelet reports one. The same pod is the same machine. systemd generates its own.
machine_id() {
  [ ! -d "$RUN/systemd/system" ] || return 0
  printf '%s' "$NODE_NAME" | md5sum | cut -c1-32 >"$ETC/machine-id"
}

# reserved: the part of the machine that is not the pod's. /proc/meminfo and /proc/cpuinfo show the whole machine (sysbox#391), so
# the nested scheduler would hand out memory and processors that the pod's limits do not grant.
reserved() {
  memory=$(($(awk '$1 == "MemTotal:" { print $2 }' "$PROC/meminfo") - MEMORY_LIMIT / 1024))
  cpu=$(($(grep -c '^processor' "$PROC/cpuinfo") * 1000 - CPU_LIMIT))
  [ $memory -gt 0 ] || memory=0
  [ $cpu -gt 0 ] || cpu=0
  echo "cpu=${cpu}m,memory=${memory}Ki"
}

machine_id
rm -f "$STATE/started"
# where another server answers, before anything of this node reads its old address
[ -z "${API_URL:-}" ] || [ ! -s "$NODE_KUBECONFIG" ] || announce_address nested_kubectl --server "$API_URL" || :
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
sh "$(dirname "$0")/after-start.sh" $$ &
exec k3s "$@"
