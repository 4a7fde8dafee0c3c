#!/usr/bin/env bash
# Fails when what hack/update-api-docs.sh generates is not what is here.
source "$(dirname "${BASH_SOURCE[0]}")/lib/verify.sh"

verify_generated hack/update-api-docs.sh docs/api.md
