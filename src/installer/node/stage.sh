# Puts on the node what containerd's configuration will need: binaries, units, sysctls, and the guard of K3s's start.
# shellcheck shell=sh

# The coordinator copied the release; from here on its digest is its name.
stage() {
  if [ "$SOURCE" = image ]; then
    [ -x "$RELEASES/$RELEASE/sysbox-runc" ] || fail NoRelease "$RELEASES/$RELEASE is not there: the copy from the image failed"
    own_data_folders
    keep_subids
    own "$CURRENT"
    point_to "$CURRENT" "releases/$RELEASE"
  fi
  put_file "$SYSCTL" <"$HERE/sysctl.conf"
  put_file "$MODULES" <"$HERE/modules.conf"
  sysctl -q -e -p "$SYSCTL" >/dev/null 2>&1 || warn "some sysctls of $SYSCTL could not be set"
  modprobe configfs 2>/dev/null || true
  ! writes_units || stage_units
  stage_guard
  sctl daemon-reload
}

# The daemons make them; an uninstall removes them when they are empty and were not there before us.
own_data_folders() {
  for folder in "$ROOT/var/lib/sysbox" "$ROOT/var/lib/sysboxfs"; do
    [ -d "$folder" ] || own "$folder"
  done
}

# At its first start sysbox-mgr rewrites both files: a range for the user "sysbox", the others sorted, comments gone
# (sysbox-mgr configSubidRange; seen on a node). What was there goes back at the uninstall. Kept once: a second look would find
# the daemon's own range. A range that was there before us is its owner's.
keep_subids() {
  [ ! -d "$BACKUP/subids" ] || return 0
  set --
  for ranges in "$ROOT/etc/subuid" "$ROOT/etc/subgid"; do
    grep -qs '^sysbox:' "$ranges" || set -- "$@" "$ranges"
  done
  [ $# -eq 0 ] || remember subids "$@"
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

# K3s starts after Sysbox (upstream's units name docker and containerd only), and never with a configuration that
# containerd would reject: `-` and the timeout keep the guard itself from ever stopping K3s.
stage_guard() {
  put_file "$GUARD_CONF" <<EOF
# Written by $MINE; removed when it is uninstalled.
[Unit]
Wants=sysbox.service
After=sysbox.service

[Service]
ExecStartPre=-/usr/bin/env timeout 45 /bin/sh ${PROGRAMS#"$ROOT"}/current/host.sh guard
EOF
}

# The version of the binaries that would be used; the first that containerd can work with is 0.7.1 (sysbox#1013).
check_version() {
  binaries=$ROOT$BINARY_DIR
  [ "$SOURCE" != image ] || binaries=$RELEASES/$RELEASE
  sysbox_version=$("$binaries/sysbox-runc" --version 2>/dev/null | awk '/version/ { print $NF; exit }')
  [ -n "$sysbox_version" ] || fail NoBinaries "$binaries/sysbox-runc is missing, does not run on this node or tells no version"
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

# One release is kept beside the one in use, for the way back.
prune_releases() {
  [ "$SOURCE" = image ] || return 0
  previous=$(journal previous_release)
  for folder in "$RELEASES"/*; do
    case ${folder##*/} in "$RELEASE"|"$previous"|'*') ;; *) rm -rf "$folder" ;; esac
  done
}
