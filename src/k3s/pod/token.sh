#!/bin/sh
# Fills a Secret with random tokens, once: what is there already stays.
set -eu
. "$(dirname "$0")/host-kubectl.sh"

RANDOM_DEVICE=${RANDOM_DEVICE:-/dev/urandom}

random() {
  head -c 48 "$RANDOM_DEVICE" >"$SCRATCH/random"
  [ "$(wc -c <"$SCRATCH/random")" -eq 48 ] || return 1
  sha256sum <"$SCRATCH/random" | cut -c1-64
}

found=$(host_kubectl get secret "$SECRET_NAME" -o 'jsonpath={.metadata.resourceVersion} {.data}')
version=${found%% *}

entries=
for key in $SECRET_KEYS; do
  case $found in
    *"\"$key\":"*) ;;
    *) entries="$entries${entries:+,}\"$key\":\"$(random)\"" ;;
  esac
done
[ -n "$entries" ] || {
  say "Secret $SECRET_NAME has its tokens"
  exit 0
}

# With the version that was read: of two that fill it concurrently, one is refused, and finds it filled when it tries again.
printf '{"metadata":{"resourceVersion":"%s"},"stringData":{%s}}' "$version" "$entries" >"$SCRATCH/patch.json"
host_kubectl patch secret "$SECRET_NAME" --type=merge --patch-file="$SCRATCH/patch.json"
