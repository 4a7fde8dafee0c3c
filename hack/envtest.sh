#!/usr/bin/env bash
# Prints the folder that holds kube-apiserver and etcd for the integration tests:
# KUBEBUILDER_ASSETS where that is set, otherwise what hack/localcluster builds
# from source, once, into its cache.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

if [[ -n ${KUBEBUILDER_ASSETS:-} ]]; then
	for program in kube-apiserver etcd; do
		[[ -x $KUBEBUILDER_ASSETS/$program ]] || fail "KUBEBUILDER_ASSETS is $KUBEBUILDER_ASSETS, which holds no $program: unset it to build one"
	done
	echo "$KUBEBUILDER_ASSETS"
	exit
fi
make --no-print-directory localcluster >&2
bin/localcluster build --only control-plane >&2
bin/localcluster bin-dir
