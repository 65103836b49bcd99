# The coordinator's client of the API server. It uses its own token, never a kubeconfig of the host.
# The image is CentOS 7 based: curl 7.29 (no `--header @file`, no --fail-with-body), jq 1.6, bash 4.2, coreutils 8.22.
# shellcheck shell=sh

SERVICE_ACCOUNT=${SERVICE_ACCOUNT_DIR:-/var/run/secrets/kubernetes.io/serviceaccount}

# An IPv6 address is in brackets in a URL.
case ${KUBERNETES_SERVICE_HOST:-} in
  *:*) API=${API_URL:-https://[$KUBERNETES_SERVICE_HOST]:$KUBERNETES_SERVICE_PORT} ;;
  *) API=${API_URL:-https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT} ;;
esac

# api METHOD PATH [CONTENT-TYPE] [BODY]: the body on standard output; success only on 2xx. `code` prints the status code, 000 if
# the answer was incomplete. The token goes through standard input: arguments are visible to every process of a pod with hostPID.
api() {
  printf '%s' "${4:-}" >"$SCRATCH/body"
  : >"$SCRATCH/answer"
  answered=$(printf 'header = "Authorization: Bearer %s"\n' "$(cat "$SERVICE_ACCOUNT/token")" |
    curl --silent --noproxy '*' --max-time 20 --config - --cacert "$SERVICE_ACCOUNT/ca.crt" \
      --request "$1" --header "Content-Type: ${3:-application/json}" --data-binary "@$SCRATCH/body" \
      --output "$SCRATCH/answer" --write-out '%{http_code}' "$API$2") || answered=000
  echo "$answered" >"$SCRATCH/code"
  case $answered in
    2*) cat "$SCRATCH/answer" ;;
    *) return 1 ;;
  esac
}

code() { cat "$SCRATCH/code"; }

# refusal: the server's own words about the last request. Which PodDisruptionBudget forbids an eviction is among the details (kubernetes
# pkg/registry/core/pod/storage/eviction.go); the causes of other refusals repeat the message.
refusal() {
  jq -r '[.message, (.details.causes[]? | select(.reason == "DisruptionBudget").message) | strings] | join(" ")' "$SCRATCH/answer" 2>/dev/null || true
}

# own_node: into the file SCRATCH/node. A pipe would hide a failed request behind the success of what reads from it.
own_node() { api GET "/api/v1/nodes/$NODE_NAME" >"$SCRATCH/node"; }

# own_pod: a list of one into SCRATCH/pod, since the installer may list pods.
own_pod() { api GET "/api/v1/namespaces/$NAMESPACE/pods?fieldSelector=metadata.name%3D$POD_NAME" >"$SCRATCH/pod"; }

# patch_node JSON: a merge patch of this node.
patch_node() {
  api PATCH "/api/v1/nodes/$NODE_NAME" application/merge-patch+json "$1" >"$SCRATCH/patched" && return 0
  say "the node was not changed ($(code)): $(refusal)"
  return 1
}
