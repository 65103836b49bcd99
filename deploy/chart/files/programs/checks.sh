# What the pod checks itself, before any program is run on the host: the host program cannot report what prevents it from running.
# shellcheck shell=sh

# host_can_be_used: or reports why not.
host_can_be_used() {
  host_refusal && return 0
  failed "$REFUSED" "$REFUSAL"
  return 1
}

host_refusal() {
  init=$(cat "$HOST/proc/1/comm" 2>/dev/null || true)
  REFUSED=NotSystemd REFUSAL="PID 1 of the host is ${init:-unknown}, not systemd: only nodes booted by systemd are supported"
  [ "$init" = systemd ] || return 1
  REFUSED=SELinux REFUSAL="SELinux is enforcing (this pod runs as $(confinement)), and Sysbox sets no labels: use a node without it, or permissive mode"
  ! selinux_enforces || return 1
  for directory in /var/lib /opt /etc; do
    REFUSED=ReadOnly REFUSAL="$directory of the host is not writable for the installer: it is read-only (an image-based system), or this pod is confined ($(confinement))"
    is_writable "$HOST$directory" || return 1
  done
  # NixOS has /bin/sh, and its other programs elsewhere.
  on_host /bin/sh -c 'for program in systemctl systemd-run sed awk; do command -v $program >&2 || { echo "$program is missing" >&2; exit 1; }; done' \
    2>"$SCRATCH/host.err" && return 0
  REFUSED=NoHostPrograms REFUSAL="the host's programs are not in the usual directories (/usr/bin, /bin), or this pod cannot run them ($(confinement)): $(tail -n 1 "$SCRATCH/host.err")"
  return 1
}

# A confined pod may not be able to read the switch: then its own label decides.
selinux_enforces() {
  enforce=$(cat "$HOST/sys/fs/selinux/enforce" 2>/dev/null || echo unknown)
  case $enforce in
    1) return 0 ;;
    0) return 1 ;;
    *) confinement | grep -q :container_t: ;;
  esac
}

# The label or profile that the kernel's security module gives this process, such as "cri-containerd.apparmor.d (enforce)".
# Without such a module the file cannot be opened.
confinement() { { tr -d '\000' </proc/self/attr/current; } 2>/dev/null | grep . || echo unconfined; }

is_writable() { [ ! -d "$1" ] || [ -w "$1" ]; }

# is_bound: proves that the admission policies apply to this ServiceAccount, by two writes that must be refused (a dry run is admitted like a
# write). A policy that matches nobody, since a tool renamed the ServiceAccount but not its name in the policy, would go unnoticed.
is_bound() {
  [ -z "${BOUND:-}" ] || return 0
  tries=0
  # A new policy takes effect a moment after it is created.
  until is_refused_by_policy; do
    tries=$((tries + 1))
    alive
    [ $tries -ge 5 ] || { interruptible_sleep 2; continue; }
    case $(code) in
      000|409|5*) say "the API server does not answer ($(code))" ;;
      *) failed PolicyNotBound "the admission policies do not bind this installer: apply its manifests as they are, with the names of ServiceAccount and namespace ($(code) $(refusal))" ;;
    esac
    return 1
  done
  BOUND=yes
}

is_refused_by_policy() {
  api GET "$ROLLOUT" >"$SCRATCH/rollout" || return 1
  ! api PATCH "/api/v1/nodes/$NODE_NAME?dryRun=All" application/merge-patch+json \
    '{"metadata":{"annotations":{"example.com/not-allowed":"true"}}}' >/dev/null || return 1
  refusal | grep -q 'the installer may change annotations under' || return 1
  ! api PUT "$ROLLOUT?dryRun=All" application/json \
    "$(jq -c '.metadata.annotations["not-this-node.example.com/slot"] = "held"' "$SCRATCH/rollout")" >/dev/null || return 1
  refusal | grep -q "the installer may write its own node's slot only"
}
