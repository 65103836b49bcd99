# RKE2: as K3s, with other names.
# shellcheck shell=sh

# shellcheck source=k3s.sh
. "$HERE/engine-k3s.sh"

ENGINE_NAME=RKE2
ENGINE_MINIMUM="RKE2 1.33.1"
ENGINE_PROGRAM=rke2
ENGINE_CONFIG=/etc/rancher/rke2/config.yaml
ENGINE_BALANCER=rke2-agent-load-balancer.json

# `bin` is a link to the release in use (rke2 pkg/bootstrap).
engine_recognizes() {
  DATA_DIR=$(data_dir_of "$1")
  [ -n "$DATA_DIR" ] && [ -L "$ROOT$DATA_DIR/bin" ]
}
