# Installs on the node what the engine's configuration will need: binaries, units, modules, and the guard that runs before the engine starts.
# shellcheck shell=sh

# The coordinator copied the release; from here on its digest is its name.
stage() {
  if [ "$SOURCE" = image ]; then
    [ -x "$RELEASES/$RELEASE/sysbox-runc" ] || fail NoRelease "$RELEASES/$RELEASE is not there: the copy from the image failed"
    own_data_directories
    add_apparmor_rule
    give_subid_ranges
    own "$CURRENT"
    point_to "$CURRENT" "releases/$RELEASE"
  fi
  put_file "$MODULES" <"$HERE/modules.conf"
  put_file "$UNITS/$SYSCTLS_UNIT" <"$HERE/$SYSCTLS_UNIT"
  modprobe configfs 2>/dev/null || true
  ! writes_units || stage_units
  stage_guard
  sctl daemon-reload
}

# The daemons create them; an uninstall removes them if they are empty and did not exist before.
own_data_directories() {
  for directory in "$ROOT/var/lib/sysbox" "$ROOT/var/lib/sysboxfs"; do
    [ -d "$directory" ] || own "$directory"
  done
}

stage_units() {
  for unit in sysbox sysbox-mgr sysbox-fs; do
    put_file "$UNITS/$unit.service" <"$HERE/$unit.service"
  done
}

# A host with Sysbox's own units keeps them.
writes_units() {
  [ "$SOURCE" = image ] || is_ours "$UNITS/sysbox.service" || [ "$(property sysbox LoadState)" = not-found ]
}

# The engine starts after Sysbox (upstream's units name docker and containerd only), and never with a configuration that
# containerd would reject: `-` and the timeout keep the guard itself from ever stopping the engine.
stage_guard() {
  put_file "$GUARD_CONF" <<EOF
# Written by $MINE; removed when it is uninstalled.
[Unit]
Wants=sysbox.service $SYSCTLS_UNIT
After=sysbox.service $SYSCTLS_UNIT

[Service]
ExecStartPre=-/usr/bin/env timeout 45 $GUARD_COMMAND
EOF
}

# The version of the binaries that would be used; the first that containerd can work with is 0.7.1 (sysbox#1013).
check_version() {
  binaries=$ROOT$BINARY_DIR
  [ "$SOURCE" != image ] || binaries=$RELEASES/$RELEASE
  sysbox_version=$("$binaries/sysbox-runc" --version 2>/dev/null | awk '/version/ { print $NF; exit }')
  [ -n "$sysbox_version" ] || fail NoBinaries "$binaries/sysbox-runc is missing, does not run on this node or prints no version"
  at_least "$sysbox_version" 0.7.1 ||
    fail SysboxVersion "$binaries/sysbox-runc is $sysbox_version: containerd needs 0.7.1 or later (sysbox#1013)"
}

# Whether the binaries and units in use are the wanted ones.
staged_is_current() {
  [ "$SOURCE" = host ] || [ "$(readlink "$CURRENT" 2>/dev/null)" = "releases/$RELEASE" ] || return 1
  writes_units || return 0
  for unit in sysbox sysbox-mgr sysbox-fs; do
    cmp -s "$HERE/$unit.service" "$UNITS/$unit.service" || return 1
  done
}

# One release is kept in addition to the one in use, for a rollback.
prune_releases() {
  [ "$SOURCE" = image ] || return 0
  previous=$(journal previous_release)
  for directory in "$RELEASES"/*; do
    case ${directory##*/} in "$RELEASE"|"$previous"|'*') ;; *) rm -rf "$directory" ;; esac
  done
}

# The programs in use stay, and those that began the change in the journal, which finish it.
prune_programs() {
  for directory in "$PROGRAMS"/*; do
    case ${directory##*/} in
      current*|incoming*|'*'|"${HERE##*/}"|"$(readlink "$PROGRAMS/current")"|"$(journal programs)") ;;
      *) rm -rf "$directory" ;;
    esac
  done
}
