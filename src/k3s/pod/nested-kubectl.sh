# kubectl inside the nested cluster, as this node: the admin on a server, the kubelet on an agent.
# shellcheck shell=sh

# A node with this annotation was cordoned by its own stop, so its next start uncordons it.
CORDONED=cdk8s-sysbox.io/cordoned

say() { echo "$(date -u +%H:%M:%S) $*"; }

# Not `k3s kubectl`, which the image rancher/k3s does not know (k3s#8696): there, kubectl is K3s under that name.
nested_kubectl() { kubectl --kubeconfig "$NODE_KUBECONFIG" --request-timeout=10s "$@"; }

# Seconds since the boot: a clock that nobody sets.
monotonic() { cut -d. -f1 /proc/uptime; }

# api_listens: whether something listens at the address of the kubeconfig. kubectl is all of K3s in one binary, and a start in vain takes
# the processors that K3s needs to start. Only this machine's addresses can be looked up: the API server of an agent without K3s's load
# balancer (--disable-apiserver-lb) is on another one, and kubectl finds out.
api_listens() {
  [ -s "$NODE_KUBECONFIG" ] || return 1
  address=$(sed -n 's|^ *server: https://||p' "$NODE_KUBECONFIG" | head -n 1)
  case $address in
    127.*:* | localhost:* | '[::1]':*) ;;
    *) return 0 ;;
  esac
  listens "${address##*:}"
}

# listens PORT: whether there is a listening socket (0A), as the kernel shows it: local address, remote address, state.
listens() {
  grep -qi "^ *[0-9]*: [0-9a-f]*:$(printf %04X "$1") [0-9a-f]*:0000 0A " "${PROC:-/proc}/net/tcp" "${PROC:-/proc}/net/tcp6"
}

# A node that somebody else cordoned stays cordoned after a restart.
close_node() {
  closed=$(nested_kubectl get node "$NODE_NAME" -o 'jsonpath={.spec.unschedulable}') || return 1
  [ "$closed" = true ] ||
    patch_node "{\"spec\":{\"unschedulable\":true},\"metadata\":{\"annotations\":{\"$CORDONED\":\"true\"}}}"
}

open_node() {
  annotations=$(nested_kubectl get node "$NODE_NAME" --ignore-not-found -o 'jsonpath={.metadata.annotations}') || return 1
  case $annotations in
    *"\"$CORDONED\""*)
      patch_node "{\"spec\":{\"unschedulable\":null},\"metadata\":{\"annotations\":{\"$CORDONED\":null}}}"
      ;;
  esac
}

patch_node() { nested_kubectl patch node "$NODE_NAME" --type=merge -p "$1"; }

# announce_address KUBECTL...: K3s' network policy controller takes the node's address from its status, where the one of the
# previous pod may stand, and ends K3s when no interface has it ("failed to find interface with specified node ip"). K3s would write
# the same a little later.
announce_address() {
  known=$("$@" get node "$NODE_NAME" --ignore-not-found \
    -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}') || return 1
  [ -n "$known" ] || return 0
  [ "$(echo "$known" | tr ' ' ,)" != "$POD_IPS" ] || return 0
  edits=
  for old in $known; do
    for new in $(echo "$POD_IPS" | tr , ' '); do
      [ "$(family "$old")" != "$(family "$new")" ] || edits="$edits;s|\"address\": \"$old\"|\"address\": \"$new\"|"
    done
  done
  # `kubectl patch --subresource` reads the status first, which a kubelet may not
  "$@" get node "$NODE_NAME" -o json | sed "${edits#;}" |
    "$@" replace --raw "/api/v1/nodes/$NODE_NAME/status" -f - >/dev/null
}

family() { case $1 in *:*) echo 6 ;; *) echo 4 ;; esac; }
