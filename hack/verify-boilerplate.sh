#!/usr/bin/env bash
# Fails if a Go file does not begin with the header of hack/boilerplate.go.txt.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

missing="$(without_header)"
[[ -z $missing ]] || fail "these files do not begin with the header of $HEADER:
$missing
run hack/update-boilerplate.sh"
