#!/usr/bin/env bash
# Checks whether the commit can be released as VERSION, before anything is built, pushed
# or signed.
#
#   VERSION=v1.2.3 hack/check-release.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ ${VERSION:-} =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || fail "VERSION: invalid version \"${VERSION:-}\": expected one like v1.2.3 or v1.2.3-rc.1"
hack/changes.sh "$VERSION" >/dev/null
# Later CRDs are compared with that of the release.
baseline="hack/crd-compat/$VERSION.yaml"
[[ $VERSION == *-* ]] || cmp --quiet manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml "$baseline" ||
	fail "$baseline is not the CRD of this commit: run make crd-baseline VERSION=$VERSION"
echo "$VERSION can be released"
