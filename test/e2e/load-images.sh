#!/usr/bin/env bash
# Builds the operator and the sample performer, packs them into images and loads
# the images into a local cluster with a real node. The demo and the end-to-end
# tests both begin with it. It can run for several clusters at the same time.
#
# usage: test/e2e/load-images.sh CLUSTER
#
#   hourglass-operator:dev                 the operator, as deploy/ names it
#   hourglass-operator:next                the same program, as the target of an upgrade
#   hourglass/sample-performer:dev,v1,v2   the sample performer; each reports its tag as its version
#   my-avs:latest                          the sample performer under the name of the first example, on port 8080
source "$(dirname "${BASH_SOURCE[0]}")/../../hack/lib/common.sh"

[[ $# -eq 1 ]] || fail "usage: test/e2e/load-images.sh CLUSTER"
cluster=$1

make --no-print-directory build
make --no-print-directory localcluster
# Static, since the images have no C library. With the flags of docs/getting-started.md, so that a
# build for one cluster does not rewrite the programs while they are packed for another cluster.
CGO_ENABLED=0 go build -C examples/performer -o ../../bin/ ./cmd/...

# A temporary folder, so that a demo and a test can run at the same time.
images="$(mktemp -d)"
trap 'rm -rf "$images"' EXIT

# pack TAG ENTRYPOINT [OPTION...] FILE... packs programs into $images.
pack() {
	local tag=$1 entrypoint=$2 name
	shift 2
	name="${tag//[^a-z0-9]/-}"
	bin/localcluster pack-image --tag "$tag" --out "$images/$name.tar" --user 65532:65532 --entrypoint "$entrypoint" "$@"
}

for version in dev next; do
	pack "hourglass-operator:$version" /manager bin/manager
done
for version in dev v1 v2; do
	pack "hourglass/sample-performer:$version" /performer --env "PERFORMER_VERSION=$version" bin/performer bin/performer-client
done
pack my-avs:latest /performer --env PERFORMER_VERSION=latest --env GRPC_PORT=8080 bin/performer
bin/localcluster load-image --name "$cluster" "$images"/*.tar
