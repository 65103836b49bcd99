#!/bin/sh
# Gives the variables of the container to all units: systemd runs this before them (systemd.environment-generator(7)),
# as it passes on nothing of its own environment. They also lie in a file, for EnvironmentFile= and for login shells.
set -eu
LC_ALL=C
export LC_ALL

root=${CDK8S_SYSBOX_ROOT:-} # tests put a directory in front of every path
environ=$root/proc/1/environ
file=$root/run/cdk8s-sysbox/environment

own='PATH|HOME|PWD|OLDPWD|SHLVL|TERM|USER|LOGNAME|SHELL|HOSTNAME|container|container_[a-z_]+|[A-Z]+_FD[A-Z]*|NOTIFY_SOCKET|LISTEN_[A-Z]+|SYSTEMD_[A-Z_]+'

# A value may have several lines, so newlines travel as \001 while lines are looked at.
variables() {
  tr '\000\n' '\n\001' <"$environ" |
    grep -E '^[A-Za-z_][A-Za-z0-9_]*=' | grep -Ev "^($own)=" |
    sed -e 's/[\\"$`]/\\&/g' -e 's/=/="/' -e 's/$/"/' | tr '\001' '\n'
}

variables
umask 077 # values may be secret
if mkdir -p "${file%/*}" 2>/dev/null; then variables >"$file" 2>/dev/null || :; fi
