#!/bin/sh
# Fills new volumes with what the image has at their places, as Docker does with its volumes.
#   seed.sh DIRECTORY...    each volume is mounted at /seed/<its number, from 0>
set -eu

root=${CDK8S_SYSBOX_ROOT:-} # tests put a directory in front of every path
marker=.cdk8s-sysbox-seeding

is_new() {
  [ -e "$1/$marker" ] || [ -z "$(find "$1" -mindepth 1 -maxdepth 1 ! -name lost+found)" ]
}

number=0
for directory; do
  volume=$root/seed/$number
  number=$((number + 1))
  is_new "$volume" || continue
  : >"$volume/$marker" # a copy that was interrupted is done again
  if [ -d "$root$directory" ]; then cp -a "$root$directory/." "$volume/"; fi
  rm "$volume/$marker"
  echo "seeded $directory"
done
