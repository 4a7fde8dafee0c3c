#!/usr/bin/env bash
# Generates the operator's ClusterRole from the +kubebuilder:rbac markers, which are next
# to the code that needs each permission.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

out=manifests/rbac/role.yaml
rm -f "$out"
"$(tool controller-gen)" rbac:roleName=hourglass-operator-manager \
	paths=./pkg/... output:rbac:dir=manifests/rbac
[[ -s $out ]] || fail "no role was generated: pkg/ has no +kubebuilder:rbac marker"
