# One simulated node: the real api.sh, report.sh, slots.sh and slots.jq. A command and the node's clock a line on standard
# input, an answer a line on standard output.
# shellcheck shell=sh
set -eu

HERE=$PROGRAMS

# shellcheck source=../../src/installer/node/api.sh
. "$HERE/api.sh"
# shellcheck source=../../src/installer/node/report.sh
. "$HERE/report.sh"
# shellcheck source=../../src/installer/node/slots.sh
. "$HERE/slots.sh"

CLOCK=0

# The clock is the simulation's; waiting is a moment.
monotonic() { echo "$CLOCK"; }
alive() { :; }
nap() { sleep 0.2; }
undisturbed() { :; }

try() {
  if try_acquire; then echo granted; else echo "$VERDICT $WHY"; fi
}

while read -r command CLOCK argument; do
  case $command in
    acquire) try ;;
    renew) renew; echo "$SLOT" ;;
    find) if find_slot; then echo "$SLOT"; else echo unknown; fi ;;
    release) release "$argument" "broke on $NODE_NAME"; echo released ;;
    annotate) annotate "$argument" '' '' >/dev/null || true; echo annotated ;;
    *) echo "no such command: $command" ;;
  esac
done
