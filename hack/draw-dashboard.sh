#!/usr/bin/env bash
# Draws the dashboard into docs/dashboard.svg from what a real Prometheus has scraped
# of an operator on a local cluster (root on Linux). The picture differs from run to
# run, so nothing verifies that it is of the latest dashboard: draw it after a change.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ $(uname -s) == Linux && $(id -u) == 0 ]] ||
	fail "the run that is drawn is one of containers on this machine, for which it needs root on Linux"

make --no-print-directory localcluster build
HOURGLASS_DASHBOARD_PICTURE="$ROOT/docs/dashboard.svg" \
	go test -tags e2e -count=1 -v -timeout 20m -run '^TestAlertsFireAndTheDashboardIsFilled$' ./test/e2e
