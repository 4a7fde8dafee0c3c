#!/usr/bin/env bash
# Generates the CustomResourceDefinition from the API types and their markers, into
# manifests/crd/bases or the folder in the argument. Without generateEmbeddedObjectMeta,
# the API server would prune the metadata of an ephemeral volume's claim.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

dir="${1:-manifests/crd/bases}"
mkdir -p "$dir"
rm -f "$dir"/*.yaml
"$(tool controller-gen)" crd:generateEmbeddedObjectMeta=true paths=./pkg/apis/... "output:crd:dir=$dir"

# What no marker can express: hack/crdtool/adjust.go.
for file in "$dir"/*.yaml; do
	crdtool adjust "$(realpath "$file")" >"$file.new"
	mv "$file.new" "$file"
done
