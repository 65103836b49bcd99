#!/bin/sh
# Started: ready once, and open again for pods if it was our stop.sh that closed it.
set -eu
. "$(dirname "$0")/inner.sh"

sh "$(dirname "$0")/ready.sh"
open_node
