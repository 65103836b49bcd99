#!/bin/sh
# Makes the host key of the machine once, so that clients know it again after the pod was replaced.
#   ssh-host-keys.sh DIRECTORY
set -eu

key=$1/ssh_host_ed25519_key
chmod 0755 "$1"
if [ ! -s "$key" ]; then
  rm -f "$key" "$key.new" "$key.new.pub"
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$key.new"
  mv "$key.new.pub" "$key.pub"
  mv "$key.new" "$key" # the last step, so that an interrupted run leaves no partial key
fi
chmod 0600 "$key" # sshd refuses a key that others can read
