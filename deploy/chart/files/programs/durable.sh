# Writes files that are complete, in the old or the new version, after SIGKILL or power loss at any instruction; keeps the list of what is ours.
# shellcheck shell=sh

NEWLINE='
'

# coreutils' and busybox' `sync FILE` call fsync. Never `sync` alone: it waits for every mount of the host, a hung NFS too.
flush() { sync "$1" 2>/dev/null || [ -d "$1" ] || dd if=/dev/null of="$1" oflag=append conv=notrunc,fsync 2>/dev/null; }

# name_half FILE SUFFIX: sets HALF, the name of FILE while it is being written. containerd reads *.toml only. Of a WHOLE_DIRECTORY an
# engine reads every file, whatever its name, so there it lies one directory above.
name_half() {
  case ${1%/*} in
    "${WHOLE_DIRECTORY:-none}") HALF=${WHOLE_DIRECTORY%/*}/${1##*/}$2 ;;
    *) HALF=$1$2 ;;
  esac
}

# write_file FILE [MODE] < content. Chained, since `set -e` is off wherever a caller is part of a condition, and a full disk must not put a
# truncated file in place.
write_file() {
  name_half "$1" "$NEW"
  { cat >"$HALF" && put_in_place "$1" "${2:-644}"; } || { rm -f "$HALF"; return 1; }
}

# write_text FILE TEXT: a file of our own state. Without a pipe, whose writer could die alone and leave a truncated text that looks complete.
write_text() {
  name_half "$1" "$NEW"
  { printf '%s' "$2" >"$HALF" && put_in_place "$1" 600; } || { rm -f "$HALF"; return 1; }
}

# rewrite_file FILE TEXT: somebody else's file, with its mode and owner.
rewrite_file() {
  {
    if [ -e "$1" ]; then cp -p "$1" "$1$NEW"; else : >"$1$NEW" && chmod 644 "$1$NEW"; fi &&
      printf '%s' "$2" >"$1$NEW" && flush "$1$NEW" && mv -f "$1$NEW" "$1" && flush "${1%/*}"
  } || { rm -f "$1$NEW"; return 1; }
}

# put_in_place FILE MODE: what is in HALF.
put_in_place() {
  if cmp -s "$HALF" "$1"; then
    rm -f "$HALF"
    return 0
  fi
  chmod "$2" "$HALF" && flush "$HALF" && mv -f "$HALF" "$1" && flush "${1%/*}"
}

# copy_file FROM TO: content, mode, owner and times; a link stays one.
copy_file() {
  name_half "$2" "$NEW"
  cp -pP "$1" "$HALF" && flush "$HALF" && mv -f "$HALF" "$2" && flush "${2%/*}"
}

# remove_file FILE...: also the partial files that a kill left next to it. The removal survives power loss.
remove_file() {
  for removed in "$@"; do
    name_half "$removed" ''
    rm -f "$removed" "$HALF$COMMAND_NEW" "$HALF$GUARD_NEW"
    [ ! -d "${removed%/*}" ] || flush "${removed%/*}"
  done
}

# point_to LINK TARGET: one rename, so the link names the old or the new release at every instant.
point_to() {
  [ "$(readlink "$1" 2>/dev/null)" != "$2" ] || return 0
  rm -f "$1$NEW" && ln -s "$2" "$1$NEW" && mv -T -f "$1$NEW" "$1" && flush "${1%/*}"
}

present() { [ -e "$1" ] || [ -L "$1" ]; }

sha() { sha256sum "$1" | cut -d' ' -f1; }

listed() { [ -f "$OWNED" ] && grep -qxF "$1" "$OWNED"; }

# is_ours PATH: in our list, and not replaced since: every file that we write says so in it.
is_ours() {
  listed "$1" || return 1
  if [ -f "$1" ] && [ ! -L "$1" ]; then grep -q "Written by $MINE" "$1"; fi
}

# own PATH: adds it to the list of what is ours before it is created, so that what a kill leaves behind is known to be ours.
own() {
  listed "$1" || { others "$1" && write_text "$OWNED" "$OTHERS$1$NEWLINE"; }
}

disown() {
  ! listed "$1" || { others "$1" && write_text "$OWNED" "$OTHERS"; }
}

# others PATH: sets OTHERS to our list without PATH.
others() {
  OTHERS=
  [ -f "$OWNED" ] || return 0
  while IFS= read -r line; do
    [ "$line" = "$1" ] || OTHERS=$OTHERS$line$NEWLINE
  done <"$OWNED"
}

# make_directory PATH: with the missing parents, each in the list of what is ours.
make_directory() {
  [ ! -d "$1/" ] || return 0
  make_directory "${1%/*}"
  own "$1"
  mkdir -m 755 "$1"
}

# make_private PATH: a directory of our own state. Copies and dumps of an engine's configuration can hold registry passwords. One that has the
# mode already is not touched, so that the dead-man works on a read-only disk too.
make_private() { mkdir -p "$1" && { [ "$(stat -c %a "$1")" = 700 ] || chmod 700 "$1"; }; }

make_work() { make_private "$WORK"; }

# put_file FILE [MODE] < content: writes a file of ours; never one that somebody else created.
put_file() {
  if [ -e "$1" ] && ! is_ours "$1"; then
    fail ForeignFile "$1 exists and was not written by this installer: move it away, then the next run continues"
  fi
  make_directory "${1%/*}"
  own "$1"
  write_file "$@"
}
