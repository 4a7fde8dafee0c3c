#!/usr/bin/env bash
# Generates the code for the API types: deep copies next to the types, and in
# pkg/generated the apply configurations, the typed clientset with its fake, the
# listers and the informers. The generators are `tool`s of the main module, from
# vendor/.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

types="$MODULE/pkg/apis/hourglass/v1alpha1"
out=pkg/generated
out_pkg="$MODULE/$out"

# The core types in a Performer have apply configurations in client-go. Without this
# list the generated code would use the core types themselves, and an applied object
# would own their empty fields too.
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

# Into a new folder, which replaces the old one only if every generator succeeds.
new="$(mktemp -d pkg/.generated.XXXXXX)"
schema="$(mktemp -d)"
trap 'rm -rf "$new" "$schema"' EXIT
chmod 755 "$new"

# Who owns which field depends on how lists and maps merge, which the CRD says. It is
# generated again here, since the CRD in manifests/ may be older than the types.
hack/update-crd.sh "$schema"
crdtool openapi "$schema"/*_performers.yaml "$MODULE/pkg/apis/hourglass" >"$schema/openapi.json"

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
