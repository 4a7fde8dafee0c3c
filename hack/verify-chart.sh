#!/usr/bin/env bash
# Fails if the chart is not up to date, or if Helm's linter reports a problem with it.
source "$(dirname "${BASH_SOURCE[0]}")/lib/verify.sh"

verify_generated hack/update-chart.sh deploy/charts
make --no-print-directory helm-lint
