# The range of ids that sysbox-mgr reserves in /etc/subuid and /etc/subgid (setupSubidAlloc, sysbox-mgr 0.7.1): user `sysbox`, one
# line in each file, the same first id and count in both. Left to itself it rewrites both files: it drops comments, sorts the rest,
# and on a full disk loses what was there; and it does not start where the two ranges differ. With one such range it changes nothing.
# shellcheck shell=sh

SUBID_COUNT=65536 # subidRangeSize, sysbox-mgr 0.7.1

# subids PROGRAM FILE...: an awk program over the lines of subuid(5) files. `valid` says whether a line is NAME:FIRST:COUNT; other people's
# odd lines are nobody's ranges (shadow skips them too). Numbers are base 10, also with leading zeros. Files may be missing.
subids() {
  subids_program=$1
  shift
  cat "$@" 2>/dev/null | awk -F: '
    { name = $1; first = $2 + 0; count = $3 + 0
      valid = NF == 3 && name != "" && name !~ /^#/ && $2 ~ /^[0-9]+$/ && $3 ~ /^[0-9]+$/ && count > 0 }
    '"$subids_program"
}

# sysbox_ranges FILE: FIRST:COUNT of every line of sysbox.
sysbox_ranges() { subids 'name == "sysbox" { if (valid) printf "%.0f:%.0f\n", first, count; else print "(unreadable)" }' "$1"; }

# check_subids: sets SUBID_RANGE, the one that both files must have, before anything is written. If only one of the files has a range, the other
# file gets the same.
check_subids() {
  [ "$SOURCE" = image ] || return 0
  SUBUID=$(readlink -f "$ROOT/etc/subuid") SUBGID=$(readlink -f "$ROOT/etc/subgid")
  SUBUID=${SUBUID:-$ROOT/etc/subuid} SUBGID=${SUBGID:-$ROOT/etc/subgid}
  uids=$(sysbox_ranges "$SUBUID") gids=$(sysbox_ranges "$SUBGID")
  case $uids/$gids in
    /) SUBID_RANGE=$(free_subids) ;;
    */|"$uids/$uids") SUBID_RANGE=$uids ;;
    /*) SUBID_RANGE=$gids ;;
    *) refuse_subids "sysbox has $(one_line "$uids") in /etc/subuid and $(one_line "$gids") in /etc/subgid" ;;
  esac
  refuse_bad_range "$SUBID_RANGE"
  [ -n "$uids" ] || refuse_overlap "$SUBUID" "$SUBID_RANGE"
  [ -n "$gids" ] || refuse_overlap "$SUBGID" "$SUBID_RANGE"
}

# give_subid_ranges: adds the range to the files that have none.
give_subid_ranges() {
  [ -d "$BACKUP/subids" ] || remember_subids
  add_subids "$SUBUID" "$SUBID_RANGE"
  add_subids "$SUBGID" "$SUBID_RANGE"
}

refuse_subids() {
  fail SubIds "$1, and sysbox-mgr needs one of $SUBID_COUNT ids, the same in both files: write one line 'sysbox:FIRST:$SUBID_COUNT' in each, or remove those of sysbox"
}

remember_subids() {
  set --
  for file in "$SUBUID" "$SUBGID"; do
    [ -n "$(sysbox_ranges "$file")" ] || set -- "$@" "$file"
  done
  [ $# -eq 0 ] || remember subids "$@"
}

# refuse_bad_range RANGE. Host id 0 in a range would be root of the node.
refuse_bad_range() {
  case $1 in
    '') refuse_subids "no range is free in both files within the limits of /etc/login.defs" ;;
    *[!0-9:]*|*:*:*|0:*|:*) refuse_subids "the range of sysbox is '$(one_line "$1")'" ;;
    *:$SUBID_COUNT) ;;
    *) refuse_subids "the range of sysbox is '$1'" ;;
  esac
}

# refuse_overlap FILE RANGE
refuse_overlap() {
  other=$(subids "valid && name != \"sysbox\" && first < ${2%:*} + $SUBID_COUNT && ${2%:*} < first + count { print name; exit }" "$1")
  [ -z "$other" ] || refuse_subids "sysbox has $2 in one file, and $other has some of these ids in $1"
}

# free_subids: the lowest range that is free in both files, within the limits of login.defs(5) for both.
free_subids() {
  subids 'valid { printf "%.0f %.0f\n", first, count }' "$SUBUID" "$SUBGID" | LC_ALL=C sort -n |
    awk -v free="$(login_limit MIN 100000 'gid > uid')" -v max="$(login_limit MAX 4294967295 'gid < uid')" -v size="$SUBID_COUNT" '
      $1 >= free + size { exit }
      $1 + $2 > free { free = $1 + $2 }
      END { if (free + size - 1 <= max) printf "%.0f:%.0f\n", free, size }'
}

# login_limit MIN|MAX DEFAULT CONDITION: the limit of the group ids where CONDITION holds, else that of the user ids.
login_limit() {
  cat "$ROOT/etc/login.defs" 2>/dev/null | awk -v name="$1" -v uid="$2" -v gid="$2" '
    $2 !~ /^[0-9]+$/ { next }
    $1 == "SUB_UID_" name { uid = $2 }
    $1 == "SUB_GID_" name { gid = $2 }
    END { uid += 0; gid += 0; limit = ('"$3"') ? gid : uid; printf "%.0f\n", limit }'
}

# add_subids FILE RANGE: with the mode and the owner that the file has.
add_subids() {
  [ -z "$(sysbox_ranges "$1")" ] || { remove_own_lock "$1"; return 0; }
  lock_subids "$1"
  others=
  if [ -e "$1" ]; then others=$(cat "$1") || return 1; fi
  own "$1"
  rewrite_file "$1" "${others:+$others$NEWLINE}sysbox:$2$NEWLINE"
  disown "$1"
  unlock_subids "$1"
}

# lock_subids FILE: as useradd and usermod do (shadow lib/commonio.c): a hard link FILE.lock to a file with the process id, without a
# line end. A lock whose process is gone is stale. The lock is on the list of ours for what a kill leaves.
lock_subids() {
  own "$1.lock"
  printf '%s' "$$" >"$1.lock$NEW" || return 1
  tries=0
  until ln "$1.lock$NEW" "$1.lock" 2>/dev/null; do
    holder=$(cat "$1.lock" 2>/dev/null | tr -d '\000') || holder=''
    case $holder in
      ''|*[!0-9]*) ;;
      *) [ "$holder" != "$$" ] && [ -d "$ROOT/proc/$holder" ] || rm -f "$1.lock" ;;
    esac
    tries=$((tries + 1))
    [ $tries -lt 15 ] || { rm -f "$1.lock$NEW"; disown "$1.lock"; fail SubIds "$1 is locked by another program ($1.lock): wait until it is done, or remove a stale lock"; }
    sleep 1
  done
  rm -f "$1.lock$NEW"
}

# remove_own_lock FILE: removes a lock that a kill has left, if nothing else is to be done.
remove_own_lock() { ! listed "$1.lock" || { lock_subids "$1" && unlock_subids "$1"; }; }

unlock_subids() {
  rm -f "$1.lock"
  disown "$1.lock"
}

# give_back_subids: restores the files; if somebody has changed other lines since, it removes the line of sysbox only. Meanwhile the files are
# in the list of what is ours, for the partial files that a kill leaves next to them.
give_back_subids() {
  for noted in "$BACKUP/subids"/*.path; do
    [ -f "$noted" ] || continue
    path=$(cat "$noted")
    kept=${noted%.path}.content
    [ -z "$(sysbox_ranges "$path")" ] || give_back_subid_file
    disown "$path"
    remove_own_lock "$path"
  done
}

give_back_subid_file() {
  lock_subids "$path"
  own "$path"
  if [ "$(other_subids "$path")" != "$(other_subids "$kept")" ]; then
    rewrite_file "$path" "$(sed '/^sysbox:/d' "$path")$NEWLINE"
  elif present "$kept"; then copy_file "$kept" "$path"
  else remove_file "$path"; fi
  unlock_subids "$path"
}

# other_subids FILE: also those that sysbox-mgr has sorted and whose comments it has dropped.
other_subids() { [ ! -f "$1" ] || grep -v -e '^sysbox:' -e '^#' -e '^$' "$1" | LC_ALL=C sort; }
