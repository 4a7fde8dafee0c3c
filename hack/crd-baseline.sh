#!/usr/bin/env bash
# Keeps the CRD as that of a release, against which hack/verify-crd-compat.sh holds
# what comes after. For whoever makes the release, right before its tag.
#
#   VERSION=v0.2.0 hack/crd-baseline.sh
#
# FORCE=true: even where it breaks an earlier release, or replaces the CRD of a
# version that was not released after all.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ ${VERSION:-} =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "VERSION is '${VERSION:-}': it must be as v0.2.0"
baseline="hack/crd-compat/$VERSION.yaml"
if [[ ${FORCE:-} != true ]]; then
	[[ ! -e $baseline ]] || fail "$baseline is there already; FORCE=true replaces it"
	hack/verify-crd.sh
	hack/verify-crd-compat.sh
fi
cp manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml "$baseline"
echo "$baseline is what later CRDs are held against"
