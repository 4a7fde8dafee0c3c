#!/usr/bin/env bash
# Makes go.mod, go.sum and vendor/ say what the code imports, in every module
# with code of ours (the others say what is to be built, which nothing imports).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

for dir in $(modules); do
	go -C "$dir" mod tidy
done
go mod vendor
