#!/usr/bin/env bash
# Signs the image IMG, which `make docker-buildx` has pushed, and the checksums of
# `make release`, as the identity of the workflow that runs it (cosign, keyless). It
# needs Sigstore and a registry, so no test runs it.
#
# It signs the digest that the push returned, never a tag, and passes name and digest to
# the next steps of the workflow.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ -n ${IMG:-} ]] || fail "IMG must name the image that was pushed"
[[ -f dist/image.json ]] || fail "no dist/image.json: run make docker-buildx BUILDX_ARGS=--metadata-file=dist/image.json"
[[ -f dist/checksums.txt ]] || fail "no dist/checksums.txt: run make release"
command -v cosign >/dev/null || fail "no cosign in PATH: install it from Sigstore"

split_image "$IMG"
name="$repository"
digest="$(grep -oE '"containerimage.digest": *"sha256:[0-9a-f]{64}"' dist/image.json | grep -oE 'sha256:[0-9a-f]{64}' || true)"
[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || fail "dist/image.json must have one containerimage.digest, but has: ${digest:-none}"

cosign sign --yes "$name@$digest"
cosign sign-blob --yes --bundle dist/checksums.txt.sigstore.json dist/checksums.txt
printf 'name=%s\ndigest=%s\n' "$name" "$digest" >>"${GITHUB_OUTPUT:-/dev/stdout}"
