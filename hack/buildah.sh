#!/usr/bin/env bash
# Runs buildah on a machine without a container engine and without access to a registry,
# to build the Dockerfile (root on Debian):
#
#   make docker-build docker-push CONTAINER_TOOL=hack/buildah.sh IMG=REGISTRY/NAME:TAG
#   hack/buildah.sh push NAME:TAG docker-archive:operator.tar:NAME:TAG
#
# The base images of the Dockerfile can't be pulled, so this makes replacements with
# their names, once: golang from this machine's Go and the few Debian packages that a
# build needs, and an empty base for the last stage. A build has no network, and uses
# this machine's Go build cache.
#
# The images are in $HOURGLASS_CACHE, or ~/.cache/hourglass-operator.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ $(uname -s) == Linux && $(id -u) == 0 && -e /etc/debian_version ]] ||
	fail "the base images are made of Debian's packages: run this as root on Debian"

apt() { DEBIAN_FRONTEND=noninteractive apt-get -q -q -o DPkg::Lock::Timeout=600 "$@" >&2; }

if ! command -v buildah >/dev/null; then
	echo "Installing Debian's package buildah" >&2
	apt update
	apt install -y --no-install-recommends buildah
fi

# As in the tags of golang: 1.26.
go_version="$(go env GOVERSION)"
go_minor="$(grep -oE '[0-9]+\.[0-9]+' <<<"$go_version" | head -n 1)"

key="$( (go version; cat /etc/debian_version "${BASH_SOURCE[0]}") | sha256sum)"
store="${HOURGLASS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hourglass-operator}/buildah-$go_version-${key:0:8}"
mkdir -p "$store/tmp"

# Separate from the machine's own images, with a driver that works on every file system.
cat >"$store/storage.conf.$$" <<-END
	[storage]
	driver = "vfs"
	graphroot = "$store/images"
	runroot = "$store/run"
END
mv "$store/storage.conf.$$" "$store/storage.conf"
export CONTAINERS_STORAGE_CONF="$store/storage.conf" BUILDAH_ISOLATION=chroot TMPDIR="$store/tmp"

# make_image NAME FOLDER OPTION... makes an image of a folder.
make_image() {
	local name=$1 folder=$2 container
	shift 2
	container="$(buildah from --pull-never scratch)"
	buildah add --quiet "$container" "$folder" / >/dev/null
	buildah config "$@" "$container"
	buildah commit --quiet --rm "$container" "$name" >/dev/null
}

# make_bases FOLDER makes the base images: for a build, the shells, the programs that
# hack/version.sh calls, their dependencies, as if nothing were installed yet, and Go.
make_bases() {
	local work=$1 part deb
	mkdir -p "$work"/{debs/partial,empty,root/usr/{bin,sbin,lib,lib64},root/usr/local/go}
	: >"$work/status"
	for part in bin sbin lib lib64; do
		ln -s "usr/$part" "$work/root/$part"
	done
	local packages=(install -y --download-only --no-install-recommends -o Debug::NoLocking=1 -o APT::Sandbox::User=root
		-o "Dir::State::status=$work/status" -o "Dir::Cache::archives=$work/debs" bash coreutils dash)
	# The list of packages may be missing or out of date.
	apt "${packages[@]}" || { apt update && apt "${packages[@]}"; }
	for deb in "$work"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$work/root"
	done
	# Without this, root has no home directory, and Go no cache.
	echo "root:x:0:0:root:/root:/bin/bash" >"$work/root/etc/passwd"
	tar -c -C "$(go env GOROOT)" --exclude testdata --exclude '*_test.go' bin lib pkg src VERSION go.env |
		tar -x -C "$work/root/usr/local/go"
	make_image "docker.io/library/golang:$go_minor" "$work/root" --env GOTOOLCHAIN=local \
		--env PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	make_image gcr.io/distroless/static:nonroot "$work/empty"
}

# One process at a time, so that existing containers and folders are leftovers of one that was killed.
exec 9>"$store/lock"
flock 9
if [[ ! -e $store/ready ]]; then
	echo "Making the base images of the Dockerfile" >&2
	rm -rf "$store/work"
	make_bases "$store/work"
	rm -rf "$store/work"
	touch "$store/ready"
fi

if [[ ${1:-} == build ]]; then
	shift
	buildah rm --all >/dev/null
	# Go's cache is keyed by content, so a build finds the standard library and vendor/ in it.
	unshare --net buildah build --pull-never --build-arg "GO_VERSION=$go_minor" \
		--volume "$(go env GOCACHE):/root/.cache/go-build" "$@"
else
	buildah "$@"
fi
