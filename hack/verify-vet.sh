#!/usr/bin/env bash
# Fails if go vet reports a problem, in any module.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

for dir in $(modules); do
	go -C "$dir" vet -tags e2e ./... || fail "go vet failed in $dir (see above)"
done
