# A model of the host program: the commands and files that the coordinator knows, and no node behind them. The test turns its
# knobs, files in MODEL: `commit` says how a restart ends, `pause-COMMAND` holds a command at its beginning. faults/rollout-model.test.ts
# compares it with the host program.
# shellcheck shell=sh
set -eu

STATE=$ROOT/var/lib/cdk8s-sysbox
command=$1
run=${2:-}
release=${3:-}

journal() { sed -n "s/^$1=//p" "$STATE/journal" 2>/dev/null || true; }
# One line for each key, as the host program's journal has.
record() {
  touch "$STATE/journal"
  { sed "/^${1%%=*}=/d" "$STATE/journal"; echo "$1"; } >"$STATE/journal.new"
  mv "$STATE/journal.new" "$STATE/journal"
}
knob() { cat "$MODEL/$1" 2>/dev/null || echo "$2"; }
now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

report() {
  printf '{"run":"%s","stage":"%s","action":"%s","reason":"%s","message":"%s","unit":"k3s","restartedAt":"%s","warnings":"%s"}' \
    "$run" "$1" "${2:-}" "${3:-}" "${4:-}" "$(journal restarted_at)" "$(knob "warnings-$command" '')" >"$STATE/status.new"
  mv "$STATE/status.new" "$STATE/status.json"
}

roll_back() {
  record state=failed
  record failed_change=this
  record "reason=$1"
  record "rollbacks=$(($(journal rollbacks | grep . || echo 0) + 1))"
  report failed '' "$1" "the old configuration is back"
}

prepare() {
  if [ -n "$(knob prepare '')" ]; then
    report failed '' "$(knob prepare '')" "the node does not do"
  elif [ -n "$(journal failed_change)" ]; then
    report failed '' "$(journal reason)" "this change failed before"
  elif [ "$(knob dry-run no)" = yes ]; then
    report validated dry-run DryRun "would write"
  elif [ -f "$MODEL/release" ] && [ "$(knob release '')" != "$release" ]; then
    report validated upgrade
  else
    echo "$release" >"$MODEL/release"
    if [ "$(journal state)" = verified ]; then report verified none; else report validated restart; fi
  fi
}

commit() {
  case $(knob commit works) in
    refused) report failed '' ServerUnreachable "the node's K3s server does not answer" ;;
    breaks) record state=committed; roll_back CrashLoop ;;
    waits)
      report committed '' EngineWaits "the etcd has no quorum"
      while [ "$(knob commit works)" = waits ]; do /bin/sleep 0.1; done
      commit
      ;;
    *) record state=restarted; record unproven=change; record "restarted_at=$(now)"; report restarted ;;
  esac
}

confirm() { record state=verified; report verified; }
retry() { record failed_change=; report absent; }
accept() { record unproven=; report verified; }
revive() { rm -f "$MODEL/daemons"; record unproven=daemons; report verified; }
uninstall() { rm -rf "$STATE" "$MODEL/release"; }
directories() { mkdir -p "$ROOT/opt/sysbox/releases"; }
switch() { cp "$MODEL/release" "$MODEL/release-before"; echo "$release" >"$MODEL/release"; record unproven=switch; report staged; }

# As roll_back_switch of the host: the previous release is back.
abandon() {
  case $(journal state)-$(journal unproven) in
    *-daemons) report failed '' "$1" "$2" ;;
    verified-switch)
      cp "$MODEL/release-before" "$MODEL/release"
      record failed_change=this; record unproven=daemons; record "reason=$1"
      report failed '' "$1" "the previous release is back: $2" ;;
    *) record unproven=daemons; roll_back "$1" ;;
  esac
}

check() {
  if [ ! -f "$STATE/journal" ]; then echo absent
  elif [ "$(journal state)" != verified ]; then echo unverified
  elif [ -f "$MODEL/daemons" ]; then echo daemons-dead
  else echo healthy; fi
}

[ "$command" = check ] || echo "$command" >>"$MODEL/calls"
while [ -f "$MODEL/pause-$command" ]; do /bin/sleep 0.1; done
case $command in
  abandon) abandon "$4" "$5" ;;
  *) "$command" ;;
esac
