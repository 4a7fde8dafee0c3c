#!/usr/bin/env bash
# Generates the CustomResourceDefinition from the API types and their markers.
# With generateEmbeddedObjectMeta, since the metadata of an ephemeral volume's claim
# would be pruned without. The argument is the folder, if not that of manifests/.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

dir="${1:-manifests/crd/bases}"
mkdir -p "$dir"
rm -f "$dir"/*.yaml
"$(tool controller-gen)" crd:generateEmbeddedObjectMeta=true paths=./pkg/apis/... "output:crd:dir=$dir"
