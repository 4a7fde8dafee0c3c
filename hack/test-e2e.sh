#!/usr/bin/env bash
# Runs the end-to-end tests. Each package starts a cluster with a real node, installs
# the operator from deploy/ and deletes the cluster at its end. That needs root on
# Linux.
#
# Without arguments it runs what every change must pass. Of three packages that take
# long, this is a part; each of them is run as a whole if its name is the first argument:
# disruption (two real nodes), docs (the commands of all pages), install (all ways to
# install). All other arguments are passed on to go test (-run TestName).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
source hack/lib/gotest.sh

[[ $(uname -s) == Linux && $(id -u) == 0 ]] ||
	fail "the end-to-end tests run containers on this machine, for which they need root on Linux"

make --no-print-directory localcluster build

# run AT_ONCE OPTION... PACKAGE... runs packages, AT_ONCE of them at a time, except in one cluster
# that all of them share. The test binaries set -parallel (realcluster.Main).
status=0
run() {
	local at_once=$1
	shift
	[[ -z ${E2E_KUBECONFIG:-}${E2E_KEEP:-} ]] || at_once=1
	go_test standard-verbose -tags e2e -count=1 -v -timeout 40m -p "$at_once" "$@" || status=1
}

case ${1:-} in
disruption | docs | install)
	run 1 "${@:2}" "./test/e2e/$1"
	exit $status
	;;
"") part=(-short) ;;
*) part=() ;;
esac
# These count lost calls, and a busy machine delays answers and the starts of containers. So nothing
# else runs at the same time.
run 1 "$@" ./test/e2e ./test/e2e/admission
[[ $# -gt 0 ]] || run 1 -short -run '^TestDrainWithSurge$' ./test/e2e/disruption
# The others mostly wait, each for a cluster of its own.
run 2 "${part[@]}" "$@" ./test/e2e/docs ./test/e2e/install ./test/e2e/image
exit $status
