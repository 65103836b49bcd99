# What must hold on a node before anything is changed. Changes nothing, except that it installs packages if the user allowed it.
# shellcheck shell=sh

preflight() {
  for check in own_programs systemd architecture kernel selinux engine engine_version engine_configuration writable space foreign_sysbox \
    apparmor subids programs fuse; do
    STEP=check_$check
    "check_$check"
  done
  STEP=''
}

# The programs that the installer executes, before any of them is needed. `report` itself needs no more than cat, chmod, date, mv, rm, sed and tr.
check_own_programs() {
  set -- awk cat chmod cmp cp cut date dd df dirname env flock grep head ln mkdir mv readlink rm rmdir sed sha256sum sort stat sync \
    tail timeout touch tr uname
  ! type "$@" >/dev/null 2>&1 || return 0
  absent=''
  for program in "$@"; do command -v "$program" >/dev/null 2>&1 || absent="$absent $program"; done
  fail MissingPrograms "the host lacks$absent, which this installer runs there: install them (Debian: coreutils, diffutils, util-linux), nothing was changed"
}

# The restart must outlive the pod that asks for it, so it runs in a transient systemd unit.
check_systemd() {
  { read -r first <"$ROOT/proc/1/comm"; } 2>/dev/null || first=unknown
  [ "$first" = systemd ] || fail NotSystemd "PID 1 of the host is $first, not systemd: only nodes booted by systemd are supported"
}

# The image has binaries for these two (sysbox#1042).
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

# Linux has id-mapped mounts of tmpfs since 6.3, which Kubernetes requires (concepts/workloads/pods/user-namespaces). Before it, sandboxes
# start, but no pod with a token or a Secret does. sysbox-runc refuses to run where one of the two switches for user namespaces is off
# (checkUnprivilegedUserns, libsysbox); a hardened value is its administrator's to change.
check_kernel() {
  kernel=$(uname -r)
  at_least "$kernel" 6.3 ||
    fail KernelTooOld "kernel $kernel is older than 6.3, the first on which pods with a user namespace can have tokens and Secrets (id-mapped mounts of tmpfs): upgrade the kernel"
  [ -f "$ROOT/sys/fs/cgroup/cgroup.controllers" ] || warn "cgroup v1: Kubernetes 1.35 and later refuse it"
  for switch in user.max_user_namespaces kernel.unprivileged_userns_clone; do
    { read -r allowed <"$ROOT/proc/sys/$(printf '%s' "$switch" | tr . /)"; } 2>/dev/null || continue
    [ "$allowed" != 0 ] || fail UserNamespaces "$switch is 0, under which sysbox-runc does not run: set it to 1 or above in /etc/sysctl.d, if that is acceptable on this node"
  done
}

# Nobody has verified Sysbox there: it sets no SELinux labels.
check_selinux() {
  { read -r enforcing <"$ROOT/sys/fs/selinux/enforce"; } 2>/dev/null || return 0
  [ "$enforcing" = 0 ] ||
    fail SELinux "SELinux is enforcing, under which Sysbox is unproven: use a node without it, or permissive mode"
}

check_engine() {
  discover || refuse_node
  [ "$(property "$UNIT" LoadState)" = loaded ] || fail NoUnit "systemd does not know $UNIT.service, which $ENGINE_DAEMON runs in"
  [ -z "${EXPECT_UNIT:-}" ] || [ "$EXPECT_UNIT" = "$UNIT" ] ||
    fail WrongUnit "$ENGINE_DAEMON runs in $UNIT.service, and the setting node.unit (EXPECT_UNIT) says $EXPECT_UNIT.service: correct the setting"
  [ -x "$CRICTL" ] || fail MissingPrograms "the host lacks crictl, with which a sandbox is tried: install it (package cri-tools)"
}

# refuse_node: reports why no engine was found, if an engine can explain it.
refuse_node() {
  for engine_file in "$HERE"/engine-*.sh; do
    engine_name=${engine_file##*/engine-}
    load_engine "${engine_name%.sh}"
    engine_explains_absence
  done
  [ -z "$REFUSED" ] || fail "$REFUSED_REASON" "$REFUSED: run the engine by its systemd unit, as its own installation does"
  fail NoEngine "no container engine that this installer knows runs on this node: is its unit up? (systemctl --failed)"
}

check_engine_version() {
  engine_version=$("$DAEMON" --version | awk 'NR == 1 { print $3 }')
  at_least "$engine_version" "$ENGINE_VERSION" ||
    fail EngineTooOld "$ENGINE_DAEMON $engine_version is older than $ENGINE_VERSION, which lacks $ENGINE_LACKS: upgrade to $ENGINE_MINIMUM or later"
}

check_engine_configuration() { engine_check_configuration; }

# What sysbox-mgr and sysbox-fs execute (sysbox-mgr main.go; sysbox-fs mounts through fusermount). After the other checks: packages are
# not installed on a node that is refused for another reason.
check_programs() {
  missing=$(missing_programs)
  [ -n "$missing" ] || return 0
  [ "$INSTALL_PACKAGES" = true ] ||
    fail MissingPrograms "the host lacks $missing: install what it comes with (Debian: apt-get install rsync kmod iptables fuse3), or allow that with the setting node.installPackages (INSTALL_PACKAGES)"
  install_packages
}

missing_programs() {
  missing=''
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

# An image-based system can have any of them read-only (NixOS: /etc/systemd/system; Fedora CoreOS: /opt on some versions).
check_writable() {
  for file in "$RELEASES" "$STATE" "$MODULES" "$GUARD_CONF" "$CONFIG"; do
    directory=$(existing "$(dirname "$file")")
    [ -w "$directory" ] || fail ReadOnly "$directory is read-only, and the installer writes ${file#"$ROOT"}: remount it writable, or use another node"
  done
}

# Three static binaries of some 60 MB, and one release kept in addition.
check_space() {
  for directory in "$ROOT/opt/sysbox" "$ROOT/var/lib"; do
    free=$(df -Pk "$(existing "$directory")" | awk 'NR == 2 { print $4 }')
    [ "${free:-0}" -ge 204800 ] || fail NoSpace "$directory has $((free / 1024)) MiB free: 200 MiB are needed"
  done
}

# Sysbox from a package or a hand-written unit is not ours: two managers on one socket break each other.
check_foreign_sysbox() {
  [ "$SOURCE" = image ] || return 0
  for unit in sysbox sysbox-mgr sysbox-fs; do
    [ -f "$UNITS/$unit.service" ] && is_ours "$UNITS/$unit.service" && continue
    [ "$(property $unit LoadState)" = not-found ] ||
      fail ForeignSysbox "$unit.service exists and is not ours: remove that Sysbox, or use the source \`SysboxSource.host()\`"
  done
}
