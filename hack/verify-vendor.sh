#!/usr/bin/env bash
# Fails if a go.mod, a go.sum or vendor/ is not up to date, or if a downloaded module
# does not have the checksum in go.sum.
source "$(dirname "${BASH_SOURCE[0]}")/lib/verify.sh"

paths=(vendor)
for dir in $(modules); do
	paths+=("$dir/go.mod" "$dir/go.sum")
done
verify_generated hack/update-vendor.sh "${paths[@]}"

for dir in $(all_modules); do
	go -C "$dir" mod verify >/dev/null || fail "go mod verify failed in $dir: go clean -modcache removes downloaded modules that were changed"
done
