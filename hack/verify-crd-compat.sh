#!/usr/bin/env bash
# Fails if the CRD is incompatible with that of the last release; hack/crdtool/compat.go
# has the rules. The CRDs of the releases are in hack/crd-compat, to which
# `make crd-baseline VERSION=...` adds one before a release. There is no release yet:
# v0.1.0 has the CRD of the first candidate. Until the release, FORCE=true replaces it.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

last="$(find hack/crd-compat -name 'v*.yaml' | sort -V | tail -n 1)"
[[ -n $last ]] || fail "hack/crd-compat has no CRD of a release: add one with make crd-baseline VERSION=vX.Y.Z"
crdtool compat "$ROOT/$last" "$ROOT/manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml"
