# k0s: containerd is a child of k0s, with a configuration that k0s writes at every start and that imports a directory. Besides the
# restart of the unit, k0s itself sends SIGHUP to containerd when a file there changes (k0s pkg/component/worker/containerd).
# A restart leaves pods running; on a controller it takes the API away meanwhile.
# shellcheck shell=sh

# shellcheck source=containerd.sh
. "$HERE/engine-containerd.sh"

ENGINE_NAME=k0s
ENGINE_MINIMUM="a k0s with containerd 2.0.5"
ENGINE_CONFIG_PATH=/etc/k0s/containerd.toml
ENGINE_SOCKET=/run/k0s/containerd.sock
ENGINE_DROP_INS=/etc/k0s/containerd.d

# engine_templates: none that would stay, since k0s writes the root file at every start.
engine_templates() { :; }

# engine_recognizes PROCESS: k0s starts its own with these paths, whatever its data directory is.
engine_recognizes() {
  case $(argument "$1" --config) in "$ENGINE_CONFIG_PATH") ;; *) return 1 ;; esac
  find_unit "$1" && [ "$(property "$UNIT" MainPID)" != "${1##*/}" ] && serves_kubelet "$1"
}
