# One simulated node: the real api.sh, report.sh, slots.sh and slots.jq. A command and the node's clock a line on standard
# input, an answer a line on standard output.
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

# The clock is the simulation's; waiting is a moment.
monotonic() { echo "$CLOCK"; }
alive() { :; }
nap() { sleep 0.2; }
undisturbed() { :; }

try() {
  if try_acquire; then echo granted >&3; else echo "$VERDICT $(code 2>/dev/null) $WHY" >&3; fi
}

while read -r command CLOCK argument; do
  case $command in
    acquire) try ;;
    renew) renew; echo "$SLOT" >&3 ;;
    find) if find_slot; then echo "$SLOT" >&3; else echo unknown >&3; fi ;;
    release) release "$argument" "broke on $NODE_NAME"; echo released >&3 ;;
    # As the coordinator: what is told comes before the slot is free, however long the API server is away.
    ready) until annotate ready '' ''; do nap; done; release success; echo released >&3 ;;
    failed) release failure "broke on $NODE_NAME"; until annotate failed Broke "broke"; do nap; done; echo released >&3 ;;
    *) echo "no such command: $command" >&3 ;;
  esac
done
