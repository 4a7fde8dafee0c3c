#!/usr/bin/env bash
# Generates the CustomResourceDefinition from the API types and their markers, into
# manifests/crd/bases or the folder in the argument. Without generateEmbeddedObjectMeta,
# the API server would prune the metadata of an ephemeral volume's claim.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

dir="${1:-manifests/crd/bases}"
mkdir -p "$dir"
rm -f "$dir"/*.yaml
"$(tool controller-gen)" crd:generateEmbeddedObjectMeta=true paths=./pkg/apis/... "output:crd:dir=$dir"

# Clients must be able to read everything that the API server stores: one unreadable
# object fails the list of all. So exponents of quantities are whole numbers of at most
# two digits (controller-gen's pattern accepts some that resource.ParseQuantity rejects,
# and some for which it would need gigabytes), and 32-bit integers have bounds, since
# API servers before Kubernetes 1.36 ignore their format.
for file in "$dir"/*.yaml; do
	awk '
		depth != "" && $1 == "maximum:" { max = 1; print; next }
		depth != "" && !max { print depth "maximum: 2147483647"; max = 1 }
		depth != "" && $1 == "minimum:" { min = 1 }
		depth != "" { if (!min) print depth "minimum: -2147483648"; depth = "" }
		{ print }
		$0 ~ /^ *format: int32$/ { depth = substr($0, 1, index($0, "f") - 1); max = min = 0 }
	' "$file" |
		sed 's/(\[eE\](\\+|-)?((\[0-9\]+(\\.\[0-9\]\*)?)|(\\.\[0-9\]+)))/([eE](\\+|-)?[0-9]{1,2})/' >"$file.new"
	mv "$file.new" "$file"
done
