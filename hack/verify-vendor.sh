#!/usr/bin/env bash
# Fails when a go.mod, a go.sum or vendor/ is not what the code needs, or when a
# downloaded module is not the one that its go.sum names.
source "$(dirname "${BASH_SOURCE[0]}")/lib/verify.sh"

paths=(vendor)
for dir in $(modules); do
	paths+=("$dir/go.mod" "$dir/go.sum")
done
verify_generated hack/update-vendor.sh "${paths[@]}"

for dir in $(all_modules); do
	go -C "$dir" mod verify >/dev/null || fail "go mod verify failed in $dir"
done
