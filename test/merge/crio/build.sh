#!/bin/sh
# build.sh VERSION DIRECTORY: DIRECTORY/crio is that CRI-O, built unless it is there already. It is not on the Go module proxy, and
# brings its modules with it (vendor/). Where GitHub cannot be reached, CRIO_SOURCE names a directory with its source.
set -eu
version=$1
directory=$2

mkdir -p "$directory"
exec 9>"$directory/lock"
flock 9
[ ! -x "$directory/crio" ] || exit 0

source=$directory/source
rm -rf "$source"
trap 'rm -rf "$source"' EXIT
if [ -n "${CRIO_SOURCE:-}" ]; then cp -r "$CRIO_SOURCE" "$source"
else git clone --quiet --depth 1 --branch "$version" https://github.com/cri-o/cri-o "$source"; fi
cd "$source"
# Without C and its libraries (gpgme, btrfs, seccomp, SQLite), which reading a configuration does not need.
CGO_ENABLED=0 nice go build -mod=vendor -buildvcs=false -ldflags '-s -w' \
  -tags 'containers_image_ostree_stub containers_image_openpgp exclude_graphdriver_btrfs btrfs_noversion' -o "$source/built" ./cmd/crio
mv "$source/built" "$directory/crio"
