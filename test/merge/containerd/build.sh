#!/bin/sh
# build.sh MODULE VERSION DIRECTORY [PROGRAM...]: DIRECTORY has these programs of that containerd, by default itself; one that is
# there already is not built again.
set -eu
module=$1
version=$2
directory=$3
shift 3
[ $# -gt 0 ] || set -- containerd
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$directory"
exec 9>"$directory/lock"
flock 9
missing=''
for program in "$@"; do [ -x "$directory/$program" ] || missing="$missing $program"; done
[ -n "$missing" ] || exit 0

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
for program in $missing; do
  CGO_ENABLED=0 nice go build -buildvcs=false -ldflags '-s -w' -o "$source/built" "./cmd/$program"
  mv "$source/built" "$directory/$program"
done
