#!/usr/bin/env bash
# Generates the reference of the API, docs/api.md, from the types and the CRD.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

# As in hack/update-codegen.sh: what is compiled here then serves the copy in which this is verified.
export GOFLAGS=-trimpath
go run ./hack/apidocs manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml >docs/api.md.new
mv docs/api.md.new docs/api.md
