#!/bin/sh
# build.sh MODULE VERSION DIRECTORY: DIRECTORY/containerd is that containerd, built unless it is there already.
set -eu
module=$1
version=$2
directory=$3
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$directory"
exec 9>"$directory/lock"
flock 9
[ ! -x "$directory/containerd" ] || exit 0

# K3s's fork is not in the checksum database: go.sum here has its hashes.
cd "$here"
go mod download "$module@$version"

# The fork still calls itself containerd/containerd, and replaces a module: both only work with the fork as the main module.
source=$directory/source
rm -rf "$source"
mkdir "$source"
trap 'rm -rf "$source"' EXIT
cp -r "$(go env GOMODCACHE)/$module@$version/." "$source"
chmod -R u+w "$source"
cd "$source"
# The btrfs snapshotter needs a C compiler, and is imported whatever the build tags say.
sed -i '/plugins\/snapshots\/btrfs\/plugin/d' cmd/containerd/builtins/builtins_linux.go
CGO_ENABLED=0 nice go build -buildvcs=false -ldflags '-s -w' -o "$source/built" ./cmd/containerd
mv "$source/built" "$directory/containerd"
