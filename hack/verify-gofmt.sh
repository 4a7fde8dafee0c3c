#!/usr/bin/env bash
# Fails if a Go file is not formatted as gofmt -s formats it.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

unformatted="$(go_files | xargs -0 gofmt -s -l)"
[[ -z $unformatted ]] || fail "not formatted: $unformatted
run hack/update-gofmt.sh (make fmt)"
