# Limits of the kernel that system pods need, raised and never lowered: an administrator's higher value stays. At every boot
# cdk8s-sysbox-sysctls.service raises them again, after /etc/sysctl.d was applied, in which nothing is written.
# shellcheck shell=sh

# raise_sysctls: records the old and the new value of each in memory, since both are valid until the next boot only.
raise_sysctls() {
  make_work
  touch "$WORK/sysctls"
  while IFS=' =' read -r key wanted; do
    case $key in ''|'#'*) continue ;; esac
    file=$ROOT/proc/sys/$(printf '%s' "$key" | tr . /)
    { read -r before <"$file"; } 2>/dev/null || continue
    case $before in *[!0-9]*) continue ;; esac
    [ "$before" -lt "$wanted" ] || continue
    grep -q "^$key " "$WORK/sysctls" || printf '%s %s %s\n' "$key" "$before" "$wanted" >>"$WORK/sysctls"
    { echo "$wanted" >"$file"; } 2>/dev/null || warn "$key could not be raised from $before to $wanted"
  done <"$HERE/sysctl.conf"
}

# sysctls: at a boot. A node that never had a restart slot waits for it.
sysctls() {
  case $(journal state) in
    committed|restarted|verified) raise_sysctls ;;
  esac
}

# lower_sysctls: restores the values that nobody has changed since.
lower_sysctls() {
  [ -f "$WORK/sysctls" ] || return 0
  while read -r key before raised; do
    file=$ROOT/proc/sys/$(printf '%s' "$key" | tr . /)
    { read -r value <"$file"; } 2>/dev/null || continue
    [ "$value" != "$raised" ] || { echo "$before" >"$file"; } 2>/dev/null || true
  done <"$WORK/sysctls"
}
