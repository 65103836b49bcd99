# The journal (what the transaction has reached) and the status (what the coordinator and people read).
# shellcheck shell=sh

# States of the journal: none -> committed -> restarted -> verified, or rolling-back -> failed.
journal() { [ ! -f "$JOURNAL" ] || sed -n "s/^$1=//p" "$JOURNAL"; }

# record KEY=VALUE...: all of them in one rename, or none.
record() {
  {
    [ ! -f "$JOURNAL" ] || cat "$JOURNAL"
    for pair in "$@"; do echo "$pair"; done
  } | awk -F= '{ key = $1; if (!(key in line)) order[++n] = key; line[key] = $0 } END { for (i = 1; i <= n; i++) print line[order[i]] }' |
    write_file "$JOURNAL"
}

boot_id() { cat "$ROOT/proc/sys/kernel/random/boot_id"; }

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

json_string() {
  printf '%s' "$1" | tr '\n\t\r' '   ' | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g'
}

# report STAGE [REASON MESSAGE]
report() {
  {
    printf '{"run":"%s","stage":"%s","reason":"%s","message":"%s"' "${RUN:-}" "$1" "${2:-}" "$(json_string "${3:-}")"
    printf ',"plan":"%s","path":"%s","release":"%s"' "${PLAN:-}" "$(json_string "${TARGET:-}")" "${RELEASE:-}"
    printf ',"unit":"%s","restartedAt":"%s","at":"%s"' "${UNIT:-}" "$(journal restarted_at)" "$(now)"
    printf ',"warnings":"%s"}\n' "$(json_string "${WARNINGS:-}")"
  } | write_file "$STATUS"
  log "$1${2:+ $2}${3:+: $3}"
}

# One line on standard error: the host's journal keeps it (`journalctl -u cdk8s-sysbox-run`).
log() { echo "$MINE: $*" >&2; }

warn() {
  WARNINGS="${WARNINGS:+$WARNINGS; }$1"
  log "warning: $1"
}

# fail REASON MESSAGE: says what is wrong and what to do, and ends this command. Nothing is undone here: whoever
# changes something undoes it before failing.
fail() {
  report failed "$1" "$2"
  exit 1
}
