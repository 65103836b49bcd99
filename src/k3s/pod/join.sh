# How a server that is one of several comes to its etcd: the first makes a new cluster once, every other start joins.
# shellcheck shell=sh

DATA=${DATA:-/var/lib/rancher/k3s}
DB=$DATA/server/db
# The published kubeconfig: once it is there, the cluster has existed.
KNOWN=${KNOWN:-/etc/rancher/cluster/kubeconfig.yaml}
PAUSE=${PAUSE:-2}

known() { kubectl --kubeconfig "$KNOWN" --server "$JOIN_URL" --request-timeout=10s "$@"; }

first() { case $NODE_NAME in *-0) ;; *) return 1 ;; esac }

has_member() { [ -d "$DB/etcd/member/wal" ]; }

# A first server without data is the start of a cluster, or one that lost its claim: then a second cluster alongside the other
# servers would be the end of both. With a database of SQLite it has the data of the cluster, which K3s moves into etcd.
starts_a_cluster() {
  ! has_member && { [ -e "$DB/state.db" ] || { first && [ ! -s "$KNOWN" ]; }; }
}

# K3s moves SQLite's data before anything else, and renames its file when it is through (pkg/etcd/etcd.go,
# migrateFromSQLite). A start that ended before leaves both, and the next one would take the half for the whole.
unfinished_move() { [ -e "$DB/state.db" ] && [ -d "$DB/etcd" ]; }

# ask PATH: what anybody may ask. Without any credentials kubectl asks for a user's name.
ask() {
  kubectl --kubeconfig /dev/null --server "$JOIN_URL" --insecure-skip-tls-verify --token none --request-timeout=5s \
    get --raw "$1" 2>&1
}

# From one server to several: a StatefulSet renews the first pod last, when the others are ready, and they wait for it.
has_etcd() {
  case $(ask /db/info) in *'etcd datastore disabled'*) ;; *) return 0 ;; esac
  [ -n "${reported:-}" ] || say "${NODE_NAME%-*}-0 still has its data in SQLite: delete its pod, so that it starts again and moves it into etcd"
  reported=yes
  return 1
}

# K3s lets nobody join under the name of a member (pkg/etcd/etcd.go, join: "duplicate node name"), so one that lost its data
# must go first, and it goes with its node. K3s finds it by the address in this annotation, where ours has a name. etcd
# itself refuses a removal that its quorum would not survive.
forget_lost_member() {
  [ -s "$KNOWN" ] || return 0
  node=$(known get node "$NODE_NAME" --ignore-not-found -o name) || return 1
  [ -n "$node" ] || return 0
  say "$NODE_NAME has lost its data: its member of etcd is removed, and a new one joins"
  known annotate node "$NODE_NAME" --overwrite "etcd.k3s.cattle.io/node-address=$MEMBER_NAME" &&
    known delete node "$NODE_NAME" --timeout=60s
}

wait_for_servers() {
  say "waiting for a server at $JOIN_URL"
  if first; then say "this cluster has existed: to start a new one, delete its kubeconfig's Secret with all claims"; fi
  until ask /ping >/dev/null && has_etcd && forget_lost_member; do sleep "$PAUSE"; done
}

prepare_etcd() {
  if unfinished_move; then
    rm -rf "$DB/etcd-unfinished"
    mv "$DB/etcd" "$DB/etcd-unfinished"
  fi
  has_member || starts_a_cluster || wait_for_servers
}

etcd_argument() { if starts_a_cluster; then echo --cluster-init; else echo "--server=$JOIN_URL"; fi; }
