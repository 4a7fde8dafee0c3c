#!/usr/bin/env bash
# Fails when what hack/update-chart.sh makes is not what is here.
source "$(dirname "${BASH_SOURCE[0]}")/lib/verify.sh"

verify_generated hack/update-chart.sh deploy/charts
