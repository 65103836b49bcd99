#!/bin/sh
# build.sh VERSION DIRECTORY [node]: DIRECTORY/crio is that CRI-O, built unless it is there already. It is not on the Go module
# proxy, and brings its modules with it (vendor/). Where GitHub cannot be reached, CRIO_SOURCE names a directory with its source.
# For a node, it has seccomp as its packages do, and the pinns that makes its namespaces: with C, libseccomp-dev and libsqlite3-dev.
set -eu
version=$1
directory=$2
tags='containers_image_ostree_stub containers_image_openpgp exclude_graphdriver_btrfs btrfs_noversion'
cgo=0
# Without C and its libraries (gpgme, btrfs, seccomp, SQLite), which reading a configuration does not need.
[ "${3:-}" != node ] || { cgo=1 tags="$tags seccomp libsqlite3 netgo osusergo"; }

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
if [ "$cgo" = 1 ]; then
  make --quiet -C pinns
  mv bin/pinns "$directory/pinns"
fi
CGO_ENABLED=$cgo nice go build -mod=vendor -buildvcs=false -ldflags '-s -w' -tags "$tags" -o "$source/built" ./cmd/crio
mv "$source/built" "$directory/crio"
