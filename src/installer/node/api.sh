# The coordinator's way to the API server: its own token, never a kubeconfig of the host.
# shellcheck shell=sh

SERVICE_ACCOUNT=${SERVICE_ACCOUNT_DIR:-/var/run/secrets/kubernetes.io/serviceaccount}
API=${API_URL:-https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT}

# api METHOD PATH [CONTENT-TYPE] [BODY]: the body on standard output; success only on 2xx. CODE_FILE keeps the status code.
# The token goes through a file: arguments are visible to every process of a pod with hostPID.
api() {
  (umask 077 && printf 'header = "Authorization: Bearer %s"\n' "$(cat "$SERVICE_ACCOUNT/token")" >"$SCRATCH/curl.conf")
  printf '%s' "${4:-}" >"$SCRATCH/body"
  set -- "$1" "$2" "${3:-application/json}"
  code=$(curl --silent --max-time 20 --config "$SCRATCH/curl.conf" --cacert "$SERVICE_ACCOUNT/ca.crt" \
    --request "$1" --header "Content-Type: $3" --data-binary "@$SCRATCH/body" \
    --output "$SCRATCH/answer" --write-out '%{http_code}' "$API$2") || code=000
  echo "$code" >"$SCRATCH/code"
  cat "$SCRATCH/answer" 2>/dev/null || true
  case $code in 2*) return 0 ;; *) return 1 ;; esac
}

code() { cat "$SCRATCH/code"; }

own_node() { api GET "/api/v1/nodes/$NODE_NAME"; }

# patch_node JSON: a merge patch of this node.
patch_node() { api PATCH "/api/v1/nodes/$NODE_NAME" application/merge-patch+json "$1" >/dev/null; }
