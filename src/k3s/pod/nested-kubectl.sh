# kubectl inside the nested cluster, as this node: the admin on a server, the kubelet on an agent.
# shellcheck shell=sh

# A node that has this annotation was closed for new pods by its own stop, so its next start opens it.
CORDONED=cdk8s-sysbox.io/cordoned

say() { echo "$(date -u +%H:%M:%S) $*"; }

# Not `k3s kubectl`, which the image rancher/k3s does not know (k3s#8696): there, kubectl is K3s under that name.
nested_kubectl() { kubectl --kubeconfig "$NODE_KUBECONFIG" --request-timeout=10s "$@"; }

# A node that somebody else closed stays closed after a restart.
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
