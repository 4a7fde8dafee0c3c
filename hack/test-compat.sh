#!/usr/bin/env bash
# Runs the integration tests against the newest API server and an older one, both
# built from the modules that hack/localcluster pins. docs/versions.md lists these two
# versions. Arguments are passed to go test.
#
# Building the older one takes about ten minutes on two cores, once. That is why .ci/run
# leaves this out; the workflow `test` runs it.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

unset KUBEBUILDER_ASSETS # its versions are not the ones to test
make --no-print-directory localcluster
bin/localcluster build --only control-plane
bin/localcluster build --only older-control-plane
for folder in "$(bin/localcluster bin-dir)" "$(bin/localcluster bin-dir --older)"; do
	echo "=== integration tests against $("$folder/kube-apiserver" --version)"
	KUBEBUILDER_ASSETS="$folder" go test -count=1 -timeout 30m "$@" \
		./test/integration/api ./test/integration/policies ./test/integration/manager ./test/integration/controller
done
