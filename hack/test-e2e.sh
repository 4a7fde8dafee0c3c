#!/usr/bin/env bash
# Runs the end-to-end tests: they start a cluster with a real node, install the operator
# from deploy/, and stop the cluster again. That needs root on Linux. Arguments are
# passed to go test (-run TestName).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ $(uname -s) == Linux && $(id -u) == 0 ]] ||
	fail "the end-to-end tests run containers on this machine: run them as root on Linux"

make --no-print-directory localcluster build
# One package at a time, since each starts a cluster of its own.
go test -tags e2e -count=1 -p 1 -v -timeout 40m "$@" ./test/e2e/...
