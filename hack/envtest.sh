#!/usr/bin/env bash
# Prints the folder with kube-apiserver and etcd for the integration tests:
# KUBEBUILDER_ASSETS if it is set, otherwise the cache of hack/localcluster, which
# builds both from source, once.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

if [[ -n ${KUBEBUILDER_ASSETS:-} ]]; then
	for program in kube-apiserver etcd; do
		[[ -x $KUBEBUILDER_ASSETS/$program ]] || fail "KUBEBUILDER_ASSETS: $KUBEBUILDER_ASSETS has no $program: unset the variable to build one"
	done
	echo "$KUBEBUILDER_ASSETS"
	exit
fi
make --no-print-directory localcluster >&2
bin/localcluster build --only control-plane >&2
bin/localcluster bin-dir
