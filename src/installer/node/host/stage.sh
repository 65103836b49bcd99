# Puts on the node what containerd's configuration will need: binaries, units, sysctls, and the guard of K3s's start.
# shellcheck shell=sh

# The coordinator copied the release; from here on its digest is its name.
stage() {
  if [ "$SOURCE" = image ]; then
    [ -x "$RELEASES/$RELEASE/sysbox-runc" ] || fail NoRelease "$RELEASES/$RELEASE is not there: the copy from the image failed"
    own_data_folders
    give_subid_ranges
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

# sysbox-mgr needs a range of its own in both files. Left to itself it truncates them, drops comments and sorts the rest, and on
# a full disk loses what was there (configSubidRange and writeSubidFile, sysbox-mgr 0.7.1); one range of its size it leaves alone.
# The files as they were are kept once, for the uninstall. A range that was there before us is its owner's, and so is a file
# that is a link, which is left to the daemon.
give_subid_ranges() {
  [ -d "$BACKUP/subids" ] || keep_subids
  add_subid_range "$ROOT/etc/subuid" SUB_UID_MIN
  add_subid_range "$ROOT/etc/subgid" SUB_GID_MIN
}

keep_subids() {
  set --
  for ranges in "$ROOT/etc/subuid" "$ROOT/etc/subgid"; do
    [ -L "$ranges" ] || grep -qs '^sysbox:' "$ranges" || set -- "$@" "$ranges"
  done
  [ $# -eq 0 ] || remember subids "$@"
}

# add_subid_range FILE NAME: NAME is that of the minimum in login.defs. On the list of ours meanwhile, for what a kill leaves
# beside it.
add_subid_range() {
  if [ -L "$1" ] || grep -qs '^sysbox:' "$1"; then return 0; fi
  minimum=$(sed -n "s/^[[:space:]]*$2[[:space:]]\{1,\}\([0-9]\{1,\}\).*/\1/p" "$ROOT/etc/login.defs" 2>/dev/null | tail -n 1)
  others=
  if [ -e "$1" ]; then others=$(cat "$1") || return 1; fi
  own "$1"
  write_text "$1" "${others:+$others$NEWLINE}sysbox:$(first_free_subid "$1" "${minimum:-100000}"):$SUBID_COUNT$NEWLINE"
  disown "$1"
}

SUBID_COUNT=65536 # subidRangeSize, sysbox-mgr 0.7.1

first_free_subid() {
  grep -sv '^#' "$1" | LC_ALL=C sort -t : -n -k 2,2 | {
    free=$2
    while IFS=: read -r _ first count; do
      case $first$count in '' | *[!0-9]*) continue ;; esac
      [ $((first - free)) -lt $SUBID_COUNT ] || break
      [ $((first + count)) -le "$free" ] || free=$((first + count))
    done
    echo "$free"
  }
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
