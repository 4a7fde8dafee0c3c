#!/usr/bin/env bash
# Logs in to the registry of IMG as REGISTRY_USER with REGISTRY_PASSWORD, for the
# release workflow. It needs a registry, so it is not run by any test.
#
# CONTAINER_TOOL: docker or podman (docker).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

for name in IMG REGISTRY_USER REGISTRY_PASSWORD; do
	[[ -n ${!name:-} ]] || fail "$name must be set in the environment"
done
[[ $IMG == */* ]] || fail "IMG is \"$IMG\", which names no registry: it must be like ghcr.io/owner/name:tag"
# By standard input, for arguments can be read by others.
"${CONTAINER_TOOL:-docker}" login "${IMG%%/*}" --username "$REGISTRY_USER" --password-stdin <<<"$REGISTRY_PASSWORD"
