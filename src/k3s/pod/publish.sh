#!/bin/sh
# Keeps the kubeconfig of this nested cluster in a Secret of the host cluster: after the start, when K3s renews the
# certificate, and when somebody emptied the Secret.
set -eu
. "$(dirname "$0")/host-kubectl.sh"

# wanted: what K3s wrote, with the address that other pods reach it by.
wanted() { sed "s|^\( *server:\) .*|\1 $CLUSTER_URL|" "$KUBECONFIG_FILE"; }

written() { grep -q client-key-data "$KUBECONFIG_FILE" 2>/dev/null; }

published() {
  host_kubectl get secret "$SECRET_NAME" -o "go-template={{if .data}}{{with index .data \"$SECRET_KEY\"}}{{base64decode .}}{{end}}{{end}}"
}

# A block of YAML, as nothing here writes JSON strings.
publish() {
  {
    printf 'stringData:\n  "%s": |\n' "$SECRET_KEY"
    wanted | sed 's/^/    /'
  } >"$SCRATCH/patch.yaml"
  host_kubectl patch secret "$SECRET_NAME" --type=merge --patch-file="$SCRATCH/patch.yaml"
}

# Each server has another key of the admin, and one kubeconfig is enough: that of the first. Another fills what is empty.
mine_to_write() { case $NODE_NAME in *-0) ;; *) [ -z "$current" ] ;; esac }

while :; do
  if written && current=$(published) && mine_to_write && [ "$current" != "$(wanted)" ]; then
    publish || say "Secret $SECRET_NAME was not written"
  fi
  # in the background, so that a signal ends the wait
  sleep "$INTERVAL" &
  wait $! || :
done
