# One simulated node: the real api.sh, report.sh, slots.sh and slots.jq. A command and the node's clock per line on standard
# input, an answer per line on standard output.
# shellcheck shell=sh
set -eu

HERE=$PROGRAMS

# shellcheck source=../../src/installer/node/pod/api.sh
. "$HERE/api.sh"
# shellcheck source=../../src/installer/node/pod/report.sh
. "$HERE/report.sh"
# shellcheck source=../../src/installer/node/pod/slots.sh
. "$HERE/slots.sh"

CLOCK=0
# What the programs say goes elsewhere than the answers.
exec 3>&1 >&2

# The clock is the simulation's; a wait is short.
monotonic() { echo "$CLOCK"; }
alive() { :; }
interruptible_sleep() { sleep 0.2; }
is_undisturbed() { :; }

# One turn of slots.sh's `acquire`.
try() {
  if try_acquire; then
    if peers_still_healthy; then count_at_the_beginning; echo granted >&3; return 0; fi
    release unused
  fi
  forget_if_gone "$SUSPECT"
  echo "$VERDICT $PAUSE $(code 2>/dev/null) $WHY" >&3
}

while read -r command CLOCK argument; do
  case $command in
    acquire) try ;;
    renew) renew; echo "$SLOT" >&3 ;;
    find) if find_slot; then echo "$SLOT" >&3; else echo unknown >&3; fi ;;
    release) release "$argument" "Broke"; echo released >&3 ;;
    # As the coordinator: the report comes before the slot is free, however long the API server is away.
    ready) until annotate ready '' ''; do interruptible_sleep; done; release success; echo released >&3 ;;
    failed) release failure Broke; until annotate failed Broke "broke"; do interruptible_sleep; done; echo released >&3 ;;
    count) count_when_due; echo "${COUNT_AT:-none}" >&3 ;;
    *) echo "no such command: $command" >&3 ;;
  esac
done
