#!/usr/bin/env bash
# Generates the code that follows from the API types: deep copies beside them,
# and in pkg/generated the apply configurations, the typed clientset with its
# fake, the listers and the informers. The generators are `tool`s of the main
# module, from vendor/.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

# What is compiled in one folder then serves in another: the temporary copy in
# which hack/verify-codegen.sh runs this does not compile the generators anew.
export GOFLAGS=-trimpath

types="$MODULE/pkg/apis/hourglass/v1alpha1"
out=pkg/generated
out_pkg="$MODULE/$out"

# The core types that a Performer embeds have apply configurations in client-go.
# Without this list they would be embedded as they are, and an applied object
# would claim their empty fields too.
externals=""
for kind in \
	Affinity ConfigMapKeySelector EnvVar LocalObjectReference PodSecurityContext \
	ResourceRequirements SecretKeySelector SecurityContext Toleration \
	TopologySpreadConstraint Volume VolumeMount; do
	externals+="${externals:+,}k8s.io/api/core/v1.$kind:k8s.io/client-go/applyconfigurations/core/v1"
done

generate() {
	local name=$1
	shift
	echo "$name"
	go tool "$name" --go-header-file "$HEADER" "$@"
}

# From nothing and beside the old, which goes once all of it could be made.
new="$(mktemp -d pkg/.generated.XXXXXX)"
schema="$(mktemp -d)"
trap 'rm -rf "$new" "$schema"' EXIT
chmod 755 "$new"

# Who owns which field depends on how lists and maps merge, which the CRD says. It
# is made anew: the one in manifests/ may be of the types as they were before.
hack/update-crd.sh "$schema"
go run ./hack/crdopenapi "$schema"/*_performers.yaml "$MODULE/pkg/apis/hourglass" >"$schema/openapi.json"

generate deepcopy-gen --output-file zz_generated.deepcopy.go "$types"
generate applyconfiguration-gen \
	--output-dir "$new/applyconfiguration" --output-pkg "$out_pkg/applyconfiguration" \
	--external-applyconfigurations "$externals" --openapi-schema "$schema/openapi.json" \
	"$types"
generate client-gen \
	--output-dir "$new/clientset" --output-pkg "$out_pkg/clientset" --clientset-name versioned \
	--apply-configuration-package "$out_pkg/applyconfiguration" \
	--input-base "$MODULE/pkg/apis" --input hourglass/v1alpha1
generate lister-gen \
	--output-dir "$new/listers" --output-pkg "$out_pkg/listers" \
	"$types"
generate informer-gen \
	--output-dir "$new/informers" --output-pkg "$out_pkg/informers" \
	--versioned-clientset-package "$out_pkg/clientset/versioned" \
	--listers-package "$out_pkg/listers" \
	"$types"

rm -rf "$out"
mv "$new" "$out"
