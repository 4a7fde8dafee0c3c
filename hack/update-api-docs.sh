#!/usr/bin/env bash
# Generates the API reference, docs/api.md, from the types and the CRD.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

crdtool docs "$ROOT/manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml" >docs/api.md.new
mv docs/api.md.new docs/api.md
