#!/usr/bin/env bash
# Prints the manifests of an installation whose Deployment runs the given image.
#
#   hack/render.sh                       as in manifests/
#   hack/render.sh REGISTRY/NAME:TAG     with this image
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

kustomize="$(tool kustomize)"
image="${1:-}"
if [[ -z $image ]]; then
	exec "$kustomize" build manifests/default
fi

split_image "$image"

# An overlay of its own, so that another image changes no file that is committed.
# It lies in the repository since kustomize takes no absolute paths.
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
