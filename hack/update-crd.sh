#!/usr/bin/env bash
# Generates the CustomResourceDefinition from the API types and their markers.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

# `kubectl apply` keeps the whole object in an annotation, for which the server
# allows 262,144 bytes in all. Stay well below.
max_bytes=204800

dir=manifests/crd/bases
mkdir -p "$dir"
rm -f "$dir"/*.yaml
"$(tool controller-gen)" crd paths=./pkg/apis/... "output:crd:dir=$dir"

for file in "$dir"/*.yaml; do
	bytes="$(stat -c %s "$file")"
	echo "$file: $bytes bytes"
	((bytes <= max_bytes)) || fail "$file has more than $max_bytes bytes: embed less, or shorten the doc comments"
done
