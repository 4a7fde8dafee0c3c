#!/usr/bin/env bash
# Runs the end-to-end tests: they bring up a cluster of their own with a real
# node, install the operator from deploy/, and take it all down again. That needs
# root on Linux. The arguments are passed on to go test (-run TestName).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ $(uname -s) == Linux && $(id -u) == 0 ]] ||
	fail "the end-to-end tests run containers on this machine, for which they need root on Linux"

make --no-print-directory localcluster build
# One package after the other, for each has a cluster of its own.
go test -tags e2e -count=1 -p 1 -v -timeout 40m "$@" ./test/e2e/...
