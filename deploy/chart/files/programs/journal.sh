# The journal (how far the transaction has got) and the status (what the coordinator and people read).
# shellcheck shell=sh

# States of the journal: none -> committed -> restarted -> verified; rolling-back -> the state before, or failed;
# interrupted and set-aside by the guard; removing. `unproven` names what no real pod has run under yet: change (of the configuration), switch (of
# the release), or daemons (started again, or after a rollback), which cannot be rolled back.
journal() { [ ! -f "$JOURNAL" ] || sed -n "s/^$1=//p" "$JOURNAL"; }

# record KEY=VALUE...: writes all of them with one rename, or none.
record() {
  text=
  if [ -f "$JOURNAL" ]; then
    while IFS= read -r line; do
      is_overridden "${line%%=*}" "$@" || text=$text$line$NEWLINE
    done <"$JOURNAL"
  fi
  for pair in "$@"; do text=$text$(one_line "$pair")$NEWLINE; done
  write_text "$JOURNAL" "$text"
}

# is_overridden KEY KEY=VALUE...
is_overridden() {
  key=$1
  shift
  for pair in "$@"; do
    [ "${pair%%=*}" != "$key" ] || return 0
  done
  return 1
}

boot_id() { cat "$ROOT/proc/sys/kernel/random/boot_id"; }

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

one_line() {
  case $1 in
    *[[:cntrl:]]*) printf '%s' "$1" | tr '\n\t\r' '   ' | tr -d '\000-\037' ;;
    *) printf '%s' "$1" ;;
  esac
}

json_string() { one_line "$1" | sed 's/\\/\\\\/g; s/"/\\"/g'; }

# report STAGE [REASON MESSAGE]. Logged before it is written: on a full disk the host's journal still has it.
report() {
  log "$1${2:+ $2}${3:+: $3}"
  REPORTED=$1
  write_text "$STATUS" "$(status_json "$@")$NEWLINE"
}

status_json() {
  printf '{"run":"%s","stage":"%s","reason":"%s","message":"%s"' "${RUN:-}" "$1" "${2:-}" "$(json_string "${3:-}")"
  printf ',"action":"%s","path":"%s","release":"%s"' "${ACTION:-}" "$(json_string "${TARGET:-}")" "${RELEASE:-}"
  printf ',"state":"%s"' "$(journal state)"
  printf ',"unit":"%s","restartedAt":"%s","at":"%s"' "${UNIT:-}" "$(journal restarted_at)" "$(now)"
  printf ',"warnings":"%s"}' "$(json_string "${WARNINGS:-}")"
}

# One line on standard error: the host's journal keeps it (`journalctl -u cdk8s-sysbox-run`).
log() { printf '%s\n' "$MINE: $*" >&2; }

warn() {
  WARNINGS="${WARNINGS:+$WARNINGS; }$1"
  log "warning: $1"
}

# fail REASON MESSAGE: reports what is wrong and what to do, and ends this command. Nothing is rolled back here: whoever
# changes something rolls it back before failing.
fail() {
  report failed "$1" "$2" || true
  exit 1
}

# report_unexpected STATUS: called at the end of the program. A command that fails unexpectedly ends the program (`set -e`), and the coordinator
# would retry forever without a reason.
report_unexpected() {
  [ "$1" = 0 ] || [ "$REPORTED" = failed ] ||
    report failed Unexpected "host.sh $COMMAND ended with status $1${STEP:+ in $STEP}: see journalctl -u $RUN_UNIT on the node" || true
}
