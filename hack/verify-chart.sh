#!/usr/bin/env bash
# Fails when what hack/update-chart.sh makes is not what is here, or Helm objects to it.
source "$(dirname "${BASH_SOURCE[0]}")/lib/verify.sh"

verify_generated hack/update-chart.sh deploy/charts
make --no-print-directory helm-lint
