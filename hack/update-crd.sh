#!/usr/bin/env bash
# Generates the CustomResourceDefinition from the API types and their markers.
# With generateEmbeddedObjectMeta, since the metadata of an ephemeral volume's claim
# would be pruned without. The argument is the folder, if not that of manifests/.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

dir="${1:-manifests/crd/bases}"
mkdir -p "$dir"
rm -f "$dir"/*.yaml
"$(tool controller-gen)" crd:generateEmbeddedObjectMeta=true paths=./pkg/apis/... "output:crd:dir=$dir"

# What the API server stores, every client must be able to read: one object that
# can't be read fails the list of all. So exponents of quantities are whole numbers
# of two digits at most (controller-gen lets pass what resource.ParseQuantity refuses,
# and what it would need gigabytes for), and integers of 32 bits are bounded as such,
# for servers before Kubernetes 1.36 do not heed their format.
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
