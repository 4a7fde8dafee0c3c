#!/usr/bin/env bash
# Fails when the CRD breaks what the last release's promised: hack/crdcompat says
# what counts. The CRDs of the releases are in hack/crd-compat, where a release
# puts its own by `make crd-baseline VERSION=...`. There was no release yet: v0.1.0
# is the CRD of the first candidate, to be taken anew (with FORCE=true) until then.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

last="$(find hack/crd-compat -name 'v*.yaml' | sort -V | tail -n 1)"
[[ -n $last ]] || fail "hack/crd-compat holds no CRD of a release"
go run ./hack/crdcompat "$last" manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml
