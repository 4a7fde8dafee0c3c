#!/usr/bin/env bash
# Runs the end-to-end tests. Each package starts a cluster with a real node, installs
# the operator from deploy/ and deletes the cluster at its end. That needs root on
# Linux. The arguments are passed on to go test (-run TestName).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ $(uname -s) == Linux && $(id -u) == 0 ]] ||
	fail "the end-to-end tests run containers on this machine, for which they need root on Linux"

make --no-print-directory localcluster build

# Two packages run at a time, except in one cluster that all of them share.
at_once=2
[[ -z ${E2E_KUBECONFIG:-}${E2E_KEEP:-} ]] || at_once=1

# run OPTION... PACKAGE... runs packages. The test binaries set -parallel (realcluster.Main).
status=0
run() {
	go test -tags e2e -count=1 -v -timeout 40m "$@" || status=1
}

# The first package spends most of its time waiting for its cluster. The pages and
# the ways to install, which wait too, run next to it in clusters of their own. The
# pages come first, while the first package runs its serial tests.
run -p $at_once "$@" ./test/e2e ./test/e2e/docs ./test/e2e/install
# These two run alone: the first counts lost calls under a steady load for minutes,
# and the second keeps all processors busy with builds.
run -p 1 "$@" ./test/e2e/admission ./test/e2e/image
exit $status
