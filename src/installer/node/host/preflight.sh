# What must be true of a node before anything is changed. Changes nothing, but for packages that its owner lets be installed.
# shellcheck shell=sh

preflight() {
  check_systemd
  check_architecture
  check_kernel
  check_selinux
  check_k3s
  check_containerd
  check_snapshotter
  check_writable
  check_space
  check_foreign_sysbox
  check_programs
  check_fuse
}

# The restart must outlive the pod that asks for it, so it runs in a transient systemd unit.
check_systemd() {
  [ "$(cat "$ROOT/proc/1/comm")" = systemd ] ||
    fail NotSystemd "PID 1 of the host is $(cat "$ROOT/proc/1/comm"), not systemd: only nodes booted by systemd are supported"
}

# The image carries these two (sysbox#1042).
check_architecture() {
  case $(uname -m) in
    x86_64|aarch64) ;;
    *) fail Architecture "Sysbox is built for x86_64 and aarch64, this node is $(uname -m)" ;;
  esac
}

# at_least VERSION MINIMUM: dotted numbers, anything after the first other character ignored.
at_least() {
  awk -v have="$1" -v want="$2" 'BEGIN {
    sub(/^v/, "", have); sub(/[^0-9.].*/, "", have); n = split(want, w, "."); split(have, h, ".")
    for (i = 1; i <= n; i++) { if (h[i] + 0 > w[i] + 0) exit 0; if (h[i] + 0 < w[i] + 0) exit 1 }
    exit 0 }'
}

# overlayfs on id-mapped mounts: 5.19; tmpfs: 6.3 (what the kubelet asks for).
check_kernel() {
  kernel=$(uname -r)
  at_least "$kernel" 5.19 ||
    fail Kernel "kernel $kernel is older than 5.19, the first with overlayfs on id-mapped mounts: upgrade the kernel"
  at_least "$kernel" 6.3 || warn "kernel $kernel is older than 6.3: volumes on tmpfs (Secrets, memory emptyDirs) may not mount"
  [ -f "$ROOT/sys/fs/cgroup/cgroup.controllers" ] || warn "cgroup v1: Kubernetes 1.35 and later refuse it"
  namespaces=$(cat "$ROOT/proc/sys/user/max_user_namespaces" 2>/dev/null || echo 1)
  [ "$namespaces" -gt 0 ] || fail UserNamespaces "user.max_user_namespaces is 0: set it above 0 with sysctl"
}

# Unproven there: Sysbox sets no SELinux labels.
check_selinux() {
  [ "$(cat "$ROOT/sys/fs/selinux/enforce" 2>/dev/null || echo 0)" = 0 ] ||
    fail SELinux "SELinux is enforcing, under which Sysbox is unproven: use a node without it, or permissive mode"
}

check_k3s() {
  discover || fail NoContainerd "no containerd of K3s or RKE2 runs on this node: is its unit up? (systemctl status k3s k3s-agent)"
  [ -n "$UNIT" ] || fail NoUnit "containerd ($found) is not inside a systemd unit: start K3s by a unit, as its install script does"
  [ "$(property "$UNIT" LoadState)" = loaded ] || fail NoUnit "systemd does not know $UNIT.service, which containerd runs in"
  [ -z "${EXPECT_UNIT:-}" ] || [ "$EXPECT_UNIT" = "$UNIT" ] ||
    fail WrongUnit "containerd runs in $UNIT.service, the installer was told $EXPECT_UNIT.service: correct the unit prop"
  [ -f "$CONFIG" ] || fail NoConfig "$CONFIG does not exist, although containerd was started with it"
}

# 2.0.1 to 2.0.4 drop the runtime's options in pods with a user namespace (containerd#11480).
check_containerd() {
  containerd_version=$("$CONTAINERD" --version | awk '{ print $3 }')
  at_least "$containerd_version" 2.0.5 ||
    fail Containerd "containerd $containerd_version is older than 2.0.5, which loses Sysbox's options (containerd#11480): upgrade K3s to 1.33.1 or later"
}

# Other snapshotters have no id-mapped lower layers.
check_snapshotter() {
  snapshotter=$(sed -n 's/^ *snapshotter = "\(.*\)"/\1/p' "$CONFIG" | head -n 1)
  case ${snapshotter:-overlayfs} in
    overlayfs) ;;
    *) fail Snapshotter "the snapshotter is $snapshotter: Sysbox needs overlayfs (remove --snapshotter)" ;;
  esac
}

# What sysbox-mgr and sysbox-fs execute (sysbox-mgr main.go; sysbox-fs mounts through fusermount). After everything else was
# looked at: packages are not installed on a node that is refused for another reason.
check_programs() {
  missing=$(missing_programs)
  [ -n "$missing" ] || return 0
  [ "$INSTALL_PACKAGES" = true ] ||
    fail MissingPrograms "the host lacks $missing: install what it comes with (Debian: apt-get install rsync kmod iptables fuse3), or allow that with the prop node.installPackages"
  install_packages
}

missing_programs() {
  missing=
  for program in rsync modprobe iptables; do
    command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
  done
  command -v fusermount >/dev/null 2>&1 || command -v fusermount3 >/dev/null 2>&1 || missing="$missing fusermount"
  echo "${missing# }"
}

check_fuse() {
  [ -e "$ROOT/dev/fuse" ] || modprobe fuse 2>/dev/null || true
  [ -e "$ROOT/dev/fuse" ] || [ "$DRY_RUN" = true ] || fail NoFuse "/dev/fuse is missing: load the fuse module"
}

existing() {
  if [ -d "$1" ]; then echo "$1"; else existing "$(dirname "$1")"; fi
}

# An image-based system can have any of them read-only.
check_writable() {
  for file in "$RELEASES" "$STATE" "$SYSCTL" "$MODULES" "$GUARD_CONF" "$CONFIG"; do
    folder=$(existing "$(dirname "$file")")
    [ -w "$folder" ] || fail ReadOnly "$folder is read-only: the installer writes ${file#"$ROOT"} there"
  done
}

# Three static binaries of some 60 MB and one release kept beside them.
check_space() {
  for folder in "$ROOT/opt/sysbox" "$ROOT/var/lib"; do
    free=$(df -Pk "$(existing "$folder")" | awk 'NR == 2 { print $4 }')
    [ "${free:-0}" -ge 204800 ] || fail NoSpace "$folder has $((free / 1024)) MiB free: 200 MiB are needed"
  done
}

# Sysbox from a package or a hand-made unit is somebody else's: two managers on one socket break each other.
check_foreign_sysbox() {
  [ "$SOURCE" = image ] || return 0
  for unit in sysbox sysbox-mgr sysbox-fs; do
    [ -f "$UNITS/$unit.service" ] && is_ours "$UNITS/$unit.service" && continue
    [ "$(property $unit LoadState)" = not-found ] ||
      fail ForeignSysbox "$unit.service exists and is not ours: remove that Sysbox, or use the source \`SysboxSource.host()\`"
  done
}
