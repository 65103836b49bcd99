#!/bin/sh
# build.sh VERSION FOLDER: FOLDER/containerd is K3s's containerd of that version, built unless it is there already.
set -eu
version=$1
folder=$2
module=github.com/k3s-io/containerd/v2
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9
[ ! -x "$folder/containerd" ] || exit 0

cd "$here"
go mod download "$module@$version"

# The fork still calls itself containerd/containerd, and replaces a module: both only work with the fork as the main module.
source=$folder/source
rm -rf "$source"
mkdir "$source"
trap 'rm -rf "$source"' EXIT
cp -r "$(go env GOMODCACHE)/$module@$version/." "$source"
chmod -R u+w "$source"
cd "$source"
# The fork imports the btrfs snapshotter whatever the build tags say, and that one alone needs a C compiler.
sed -i '/plugins\/snapshots\/btrfs\/plugin/d' cmd/containerd/builtins/builtins_linux.go
CGO_ENABLED=0 nice go build -buildvcs=false -ldflags '-s -w' -o "$source/built" ./cmd/containerd
mv "$source/built" "$folder/containerd"
