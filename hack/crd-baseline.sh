#!/usr/bin/env bash
# Stores the CRD as that of a release, with which hack/verify-crd-compat.sh compares
# later CRDs. Run it right before you tag a release.
#
#   VERSION=v0.2.0 hack/crd-baseline.sh
#
# FORCE=true: store it even if it is incompatible with an earlier release, or replaces
# the CRD of a version that was never released.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ ${VERSION:-} =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "VERSION: invalid version \"${VERSION:-}\": expected one like v0.2.0"
baseline="hack/crd-compat/$VERSION.yaml"
if [[ ${FORCE:-} != true ]]; then
	[[ ! -e $baseline ]] || fail "$baseline exists already; set FORCE=true to replace it"
	hack/verify.sh crd crd-compat
fi
cp manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml "$baseline"
echo "later CRDs are compared with $baseline"
