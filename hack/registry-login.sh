#!/usr/bin/env bash
# Logs in to the registry of IMG as REGISTRY_USER with REGISTRY_PASSWORD, for the
# release workflow. It needs a registry, so no test runs it.
#
# CONTAINER_TOOL: docker or podman (docker).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

for name in IMG REGISTRY_USER REGISTRY_PASSWORD; do
	[[ -n ${!name:-} ]] || fail "$name must be set in the environment"
done
[[ $IMG == */* ]] || fail "IMG: invalid image \"$IMG\": it names no registry; expected one like ghcr.io/owner/name:tag"
# By standard input, since other users can read arguments.
"${CONTAINER_TOOL:-docker}" login "${IMG%%/*}" --username "$REGISTRY_USER" --password-stdin <<<"$REGISTRY_PASSWORD"
