#!/usr/bin/env bash
# Packages the Helm chart into a folder, with the repository and digest of the given
# image as defaults, and its tag as appVersion.
#
#   hack/package-chart.sh FOLDER
#
#   IMG             REGISTRY/NAME:TAG, also with @sha256:... (hourglass-operator:dev)
#   CHART_VERSION   the chart's version (that of Chart.yaml)
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

[[ $# == 1 ]] || fail "usage: hack/package-chart.sh FOLDER"
split_image "${IMG:-hourglass-operator:dev}"

# The defaults are set in a copy of the chart, and in the README of the copy.
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$1"
chart="$work/hourglass-operator"
cp -r deploy/charts/hourglass-operator "$chart"
set_default() { # KEY VALUE
	[[ $(grep -c "^    $1: " "$chart/values.yaml") == 1 ]] || fail "values.yaml must have operator.image.$1 exactly once"
	sed -i "s|^    $1: .*|    $1: $2|" "$chart/values.yaml"
}
set_default repository "$repository"
[[ -z $digest ]] || set_default digest "$digest"
CHART="$chart" hack/update-chart.sh

"$(tool helm4)" package "$chart" --destination "$1" --app-version "$tag" ${CHART_VERSION:+--version "$CHART_VERSION"}
