#!/usr/bin/env bash
# Runs the end-to-end tests. Each package starts a cluster with a real node, installs
# the operator from deploy/ and deletes the cluster at its end. That needs root on
# Linux. The arguments are passed on to go test (-run TestName).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ $(uname -s) == Linux && $(id -u) == 0 ]] ||
	fail "the end-to-end tests run containers on this machine, for which they need root on Linux"

make --no-print-directory localcluster build

# run OPTION... PACKAGE... runs packages. The test binaries set -parallel (realcluster.Main).
status=0
run() {
	go test -tags e2e -count=1 -v -timeout 40m "$@" || status=1
}

# These packages run alone: the first two count lost calls under a steady load, and the
# third keeps all processors busy with builds.
run -p 1 "$@" ./test/e2e ./test/e2e/admission ./test/e2e/image
# The pages and the ways to install mostly wait, each for a cluster of its own.
run -p 2 "$@" ./test/e2e/docs ./test/e2e/install
exit $status
