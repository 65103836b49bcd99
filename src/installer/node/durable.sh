# Files that are complete, old or new, after SIGKILL or power loss at any instruction; and the list of what is ours.
# shellcheck shell=sh

# coreutils' and busybox' `sync FILE` call fsync; where it is refused, dd does.
flush() {
  sync "$1" 2>/dev/null || dd if=/dev/null of="$1" oflag=append conv=notrunc,fsync 2>/dev/null || sync
}

# write_file FILE [MODE] < content. The suffix keeps the half-written file out of containerd's *.toml glob.
write_file() {
  cat >"$1.new"
  if cmp -s "$1.new" "$1"; then
    rm -f "$1.new"
    return 0
  fi
  chmod "${2:-644}" "$1.new"
  flush "$1.new"
  mv -f "$1.new" "$1"
  flush "$(dirname "$1")"
}

# remove_file FILE...: gone for good, also after power loss.
remove_file() {
  for removed in "$@"; do
    rm -f "$removed"
    [ ! -d "$(dirname "$removed")" ] || flush "$(dirname "$removed")"
  done
}

# point_to LINK TARGET: one rename, so the link names the old or the new release at every instant.
point_to() {
  rm -f "$1.new"
  ln -s "$2" "$1.new"
  mv -T -f "$1.new" "$1"
  flush "$(dirname "$1")"
}

sha() { sha256sum "$1" | cut -d' ' -f1; }

is_owned() { [ -f "$OWNED" ] && grep -qxF "$1" "$OWNED"; }

# own PATH: noted before the path is made, so that what a kill leaves behind is still known to be ours.
own() {
  is_owned "$1" && return 0
  { [ ! -f "$OWNED" ] || cat "$OWNED"; echo "$1"; } | write_file "$OWNED"
}

disown() {
  grep -vxF "$1" "$OWNED" >"$OWNED.rest" || true
  write_file "$OWNED" <"$OWNED.rest"
  rm -f "$OWNED.rest"
}

# make_folder PATH: with the missing parents, each noted as ours.
make_folder() {
  [ ! -d "$1" ] || return 0
  make_folder "$(dirname "$1")"
  case $1 in "$STATE"|"$STATE"/*) ;; *) own "$1" ;; esac
  mkdir "$1"
}

# put_file FILE [MODE] < content: writes a file of ours; never one that somebody else made.
put_file() {
  if [ -e "$1" ] && ! is_owned "$1"; then
    cat >/dev/null
    fail ForeignFile "$1 exists and was not written by this installer: move it away, then the next run continues"
  fi
  make_folder "$(dirname "$1")"
  own "$1"
  write_file "$@"
}
