#!/usr/bin/env bash
# Generates the operator's ClusterRole from the +kubebuilder:rbac markers that
# stand beside the code that needs each permission.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

out=manifests/rbac/role.yaml
rm -f "$out"
"$(tool controller-gen)" rbac:roleName=hourglass-operator-manager \
	paths=./pkg/... output:rbac:dir=manifests/rbac
[[ -s $out ]] || fail "no +kubebuilder:rbac marker in pkg/, so there is no role"
