#!/usr/bin/env bash
# Updates go.mod, go.sum and vendor/ for the imports of the code, in every module with
# code of this repository. (The other modules only pin programs, which nothing imports.)
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

for dir in $(modules); do
	go -C "$dir" mod tidy
done
go mod vendor
