# kubectl for the host cluster, with the pod's own token and no other rights.
# shellcheck shell=sh

SERVICE_ACCOUNT=${SERVICE_ACCOUNT_DIR:-/var/run/secrets/kubernetes.io/serviceaccount}

umask 077
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
# The first process of a container does not end by a signal that it does not catch.
trap 'exit 0' TERM INT

say() { echo "$(date -u +%H:%M:%S) $*"; }

# Not `k3s kubectl`, which the image rancher/k3s does not know (k3s#8696): there, kubectl is K3s under that name.
host_kubectl() { kubectl --kubeconfig "$SCRATCH/host.yaml" --request-timeout=20s "$@"; }

# An IPv6 address is in brackets in a URL.
case $KUBERNETES_SERVICE_HOST in
  *:*) host="[$KUBERNETES_SERVICE_HOST]" ;;
  *) host=$KUBERNETES_SERVICE_HOST ;;
esac

# The token is read from its file each time: the kubelet renews it.
cat >"$SCRATCH/host.yaml" <<END
apiVersion: v1
kind: Config
current-context: host
contexts:
  - name: host
    context: { cluster: host, user: pod, namespace: "$(cat "$SERVICE_ACCOUNT/namespace")" }
clusters:
  - name: host
    cluster:
      server: "https://$host:$KUBERNETES_SERVICE_PORT"
      certificate-authority: "$SERVICE_ACCOUNT/ca.crt"
users:
  - name: pod
    user: { tokenFile: "$SERVICE_ACCOUNT/token" }
END
