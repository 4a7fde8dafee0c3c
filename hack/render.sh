#!/usr/bin/env bash
# Prints the manifests of an installation with the given image.
#
#   hack/render.sh                       with the image in manifests/
#   hack/render.sh REGISTRY/NAME:TAG     with this image
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

kustomize="$(tool kustomize)"
image="${1:-}"
if [[ -z $image ]]; then
	exec "$kustomize" build manifests/default
fi

split_image "$image"

# A temporary overlay, so that no committed file changes. It is in the repository
# because kustomize accepts no absolute paths.
mkdir -p dist
overlay="$(mktemp -d dist/overlay.XXXXXX)"
trap 'rm -rf "$overlay"' EXIT
cat >"$overlay/kustomization.yaml" <<-END
	apiVersion: kustomize.config.k8s.io/v1beta1
	kind: Kustomization
	resources:
	  - ../../manifests/default
END
(cd "$overlay" && "$kustomize" edit set image "hourglass-operator=$image")
"$kustomize" build "$overlay"
