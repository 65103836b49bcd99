#!/bin/sh
# sh -c THIS check DIRECTORY HASH PROGRAM [ARGUMENT...]: runs a program only if all files of its directory are as they were
# rendered. Tools that substitute variables in manifests, such as Flux' postBuild, rewrite shell programs silently; so this
# text has no braces after a dollar sign. LC_ALL: bash sorts the names by locale.
found=$(cd "$1" && LC_ALL=C && sha256sum ./* | sha256sum | cut -d' ' -f1)
[ "$found" = "$2" ] || {
  echo "The files in $1 differ from those that cdk8s-sysbox rendered (sha256 $found, expected $2)." \
    "A tool has rewritten their ConfigMap: exclude it from variable substitution." >&2
  exit 1
}
program=$1/$3
shift 3
exec sh "$program" "$@"
