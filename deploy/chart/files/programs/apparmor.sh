# AppArmor's profile of fusermount3 (Ubuntu 25.04 and later) allows mounts below a few directories only, and sysbox-fs mounts below
# /var/lib/sysboxfs (sysbox#947, #1005). The profile includes a local file for such additions; three marked lines go there.
# shellcheck shell=sh

APPARMOR_PROFILE=$ROOT/etc/apparmor.d/fusermount3
APPARMOR_LOCAL=$ROOT/etc/apparmor.d/local/fusermount3
APPARMOR_MARK="# $MINE"

# is_confined: the kernel denies what a profile for fusermount3 does not allow. Of the modes, complain and unconfined deny nothing.
is_confined() {
  grep -Eqs '^(/usr/bin/)?fusermount3 \((enforce|kill)\)' "$ROOT/sys/kernel/security/apparmor/profiles"
}

# check_apparmor: refuses a node whose profile cannot be extended.
check_apparmor() {
  is_confined || return 0
  [ -f "$APPARMOR_PROFILE" ] ||
    refuse_apparmor "which is in none of the files that this installer knows. Add the rules to its source"
  grep -q '^[[:space:]]*#\{0,1\}include .*<local/fusermount3>' "$APPARMOR_PROFILE" ||
    refuse_apparmor "and $APPARMOR_PROFILE includes no local/fusermount3. Add the line 'include if exists <local/fusermount3>' to it"
  command -v apparmor_parser >/dev/null 2>&1 ||
    refuse_apparmor "and apparmor_parser, which loads profiles, is missing. Install the package apparmor"
  [ -w "$(existing "$(dirname "$APPARMOR_LOCAL")")" ] || refuse_apparmor "and $APPARMOR_LOCAL cannot be written. Remount it writable"
}

refuse_apparmor() {
  fail AppArmor "AppArmor confines fusermount3, through which sysbox-fs mounts below /var/lib/sysboxfs, $1; the rules are: $(apparmor_rules | tr '\n' ' ')"
}

# As upstream's remedy (sysbox#947).
apparmor_rules() {
  for options in rw ro; do
    echo "mount fstype=@{fuse_types} options=(nosuid,nodev,$options) -> /var/lib/sysboxfs/**/, $APPARMOR_MARK"
  done
  echo "umount /var/lib/sysboxfs/**/, $APPARMOR_MARK"
}

# add_apparmor_rule: keeps the other lines of the local file. Loads the profile again in any case, since an earlier run can have been killed
# before it did.
add_apparmor_rule() {
  is_confined || return 0
  wanted=$(other_rules; apparmor_rules)
  if [ "$wanted" != "$(cat "$APPARMOR_LOCAL" 2>/dev/null)" ]; then
    [ -d "$BACKUP/apparmor" ] || remember apparmor "$APPARMOR_LOCAL"
    own "$APPARMOR_LOCAL"
    make_directory "$(dirname "$APPARMOR_LOCAL")"
    rewrite_file "$APPARMOR_LOCAL" "$wanted$NEWLINE"
  fi
  load_profile || {
    remove_apparmor_rule
    fail AppArmor "the profile of fusermount3 is rejected with the rules for sysbox-fs: $(tail -n 1 "$WORK/apparmor.err")"
  }
}

other_rules() { [ ! -f "$APPARMOR_LOCAL" ] || grep -vF "$APPARMOR_MARK" "$APPARMOR_LOCAL" || true; }

load_profile() { make_work && timeout 60 apparmor_parser --replace "$APPARMOR_PROFILE" 2>"$WORK/apparmor.err"; }

# remove_apparmor_rule: also removes the local file if nothing else is in it and it did not exist before.
remove_apparmor_rule() {
  grep -qsF "$APPARMOR_MARK" "$APPARMOR_LOCAL" || return 0
  rest=$(other_rules)
  if [ -n "$rest" ]; then rewrite_file "$APPARMOR_LOCAL" "$rest$NEWLINE"
  elif present "$BACKUP/apparmor/1.content"; then rewrite_file "$APPARMOR_LOCAL" ''
  else remove_file "$APPARMOR_LOCAL"; fi
  disown "$APPARMOR_LOCAL"
  load_profile || warn "apparmor_parser does not load $APPARMOR_PROFILE again: $(tail -n 1 "$WORK/apparmor.err")"
}
