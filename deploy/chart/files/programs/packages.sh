# Installs missing host programs with the host's own package manager, and only if the user allowed it, since a package manager can change
# more than what was requested.
# shellcheck shell=sh

# install_packages: the packages of the programs in `missing`.
install_packages() {
  set --
  for program in $missing; do set -- "$@" "$(package_of "$program")"; done
  if [ "$DRY_RUN" = true ]; then
    warn "the host lacks $missing: would install $*"
    return 0
  fi
  log "the host lacks $missing: installing $*"
  make_work
  install_with_manager "$@" >"$WORK/packages.log" 2>&1 ||
    fail PackagesNotInstalled "the host lacks $missing, and installing $* failed: $(tail -n 1 "$WORK/packages.log")"
  missing=$(missing_programs)
  [ -z "$missing" ] || fail PackagesNotInstalled "$* were installed, and the host still lacks $missing: install what it comes with by hand"
}

# package_of PROGRAM: the name is the same in Debian, Ubuntu, Fedora and openSUSE.
package_of() {
  case $1 in
    modprobe) echo kmod ;;
    fusermount) echo fuse3 ;;
    *) echo "$1" ;;
  esac
}

# install_with_manager PACKAGE...: removes nothing. needrestart, which Ubuntu runs after apt, would restart services by itself, the engine's
# among them.
install_with_manager() {
  if offers apt-get; then
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
    timeout 300 apt-get --quiet update &&
      timeout 600 apt-get --quiet --yes --no-install-recommends --no-remove --option DPkg::Lock::Timeout=300 install "$@"
  elif offers dnf; then
    timeout 900 dnf --quiet --assumeyes --setopt=install_weak_deps=False install "$@"
  elif offers zypper; then
    timeout 900 zypper --quiet --non-interactive install --no-recommends "$@"
  else
    echo "this host has none of apt-get, dnf, zypper"
    return 1
  fi
}

offers() { command -v "$1" >/dev/null 2>&1; }
