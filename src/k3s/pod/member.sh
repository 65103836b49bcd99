#!/bin/sh
# Sees to it that the other servers find this one's member of etcd by a name, which stays, and not by the address of its
# pod, which is another one after each restart of the pod. Fails until that is so and the API server answers.
#
# K3s registers a member by its node's address, and starts the API server only while that address is among the member's
# (pkg/etcd/etcd.go, join and Test). So a member has its address until it was ready once, then its name, and during a start
# both: the members find each other even when all pods come back with other addresses concurrently. Two are not a lasting state: K3s
# lets nobody join while there is such a member (join names its first address twice, which etcd refuses).
set -eu
. "$(dirname "$0")/nested-kubectl.sh"

ETCD=${DATA:-/var/lib/rancher/k3s}/server/db/etcd
TLS=${DATA:-/var/lib/rancher/k3s}/server/tls/etcd

# etcd ACTION REQUEST: etcd's gateway speaks JSON at a port of the loopback (pkg/etcd/etcd.go, listenClientHTTPURLs).
etcd() {
  echo "$2" | kubectl --kubeconfig /dev/null --server https://127.0.0.1:2382 --request-timeout=10s \
    --certificate-authority "$TLS/server-ca.crt" --client-certificate "$TLS/client.crt" --client-key "$TLS/client.key" \
    create --raw "/v3/cluster/member/$1" -f -
}

# own_member MEMBERS: the entry of this server.
own_member() { echo "$1" | tr '{' '\n' | grep -F "\"name\":\"$(cat "$ETCD/name")\"" || :; }

# own_address: of this member at this start, as K3s reported it to etcd.
own_address() { tr -d "\"'" <"$ETCD/config" | sed -n 's|^advertise-client-urls: *\(https://.*\):2379$|\1:2380|p'; }

# know_by URL...: the addresses at which this member is looked for. No vote is lost by it, and without a quorum it fails.
know_by() {
  urls=
  for url; do urls="$urls${urls:+,}\"$url\""; done
  etcd update "{\"ID\":\"$id\",\"peerURLs\":[$urls]}" >/dev/null
  say "the member of etcd is known by $*"
}

[ -s "$ETCD/config" ] || {
  echo "K3s has not started etcd yet" >&2
  exit 1
}
name=https://$MEMBER_NAME:2380
members=$(etcd list '{}')
# now that etcd answers, that file is of this start
address=$(own_address)
own=$(own_member "$members")
id=$(echo "$own" | sed -n 's/.*"ID":"\([0-9]*\)".*/\1/p')
[ -n "$id" ] || {
  echo "not a member of etcd yet: $members" >&2
  exit 1
}
if nested_kubectl get --raw /readyz >/dev/null; then
  case $own in *"\"peerURLs\":[\"$name\"]"*) ;; *) know_by "$name" ;; esac
else
  case $own in *"\"$address\""*) ;; *) know_by "$name" "$address" ;; esac
  exit 1
fi
