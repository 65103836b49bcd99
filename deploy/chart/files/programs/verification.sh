#!/bin/sh
# Runs in the verification pod, and checks what only a pod can see of the runtime. Exit 0 is the proof; standard error becomes the message in
# the pod's status. No command substitution: the kubelet replaces $(NAME) in a container's command.
set -eu

ROOT=${SYSBOX_ROOT:-}

refuse() {
  echo "$1" >&2
  exit 1
}

read -r inside outside rest <"$ROOT/proc/self/uid_map"
[ "$inside $outside" != '0 0' ] || refuse "the pod has no user namespace of its own (uid_map: $inside $outside $rest)"
# A user namespace alone proves nothing: runc makes one too.
grep -q sysboxfs "$ROOT/proc/self/mounts" || refuse 'the pod has no sysboxfs mounts: another runtime runs it'
grep -q . "$ROOT/etc/verification/name" || refuse 'the volume with the name of the pod is empty'
