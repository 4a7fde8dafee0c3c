#!/usr/bin/env bash
# Renders manifests/monitoring into deploy/monitoring, where `kubectl apply -f` takes
# one level of folders at a time:
#
#   *.yaml             for the Prometheus Operator and Grafana's sidecar
#   secure/*.yaml      in place of the ServiceMonitor, for --metrics-secure
#   plain/             rules and dashboard as files, for Prometheus and Grafana without these
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

kustomize="$(tool kustomize)"
to=deploy/monitoring
note="# Rendered from manifests/ by hack/update-monitoring.sh; do not edit."
rm -rf "$to"
mkdir -p "$to/secure" "$to/plain"

# only KIND keeps the documents of one kind.
only() {
	awk -v kind="kind: $1" -v note="$note" '
		function flush() { if (wanted) printf "%s%s", (any++ ? "---\n" : note "\n"), doc; doc = ""; wanted = 0 }
		/^---$/ { flush(); next }
		$0 == kind { wanted = 1 }
		{ doc = doc $0 "\n" }
		END { flush(); if (!any) { print "hack/update-monitoring.sh: no " kind > "/dev/stderr"; exit 1 } }'
}

all="$("$kustomize" build manifests/monitoring)"
only ServiceMonitor <<<"$all" >"$to/service-monitor.yaml"
only PrometheusRule <<<"$all" >"$to/prometheus-rule.yaml"
only ConfigMap <<<"$all" >"$to/grafana-dashboard.yaml"
all="$("$kustomize" build manifests/monitoring-secure)"
only ServiceMonitor <<<"$all" >"$to/secure/service-monitor.yaml"

# A rule file has the spec of the PrometheusRule, with the comments of the source.
{
	echo "$note"
	awk '/^spec:$/ { inside = 1; next } /^[^ #]/ { inside = 0 } inside { sub(/^  /, ""); print }' \
		manifests/monitoring/prometheus_rule.yaml
} >"$to/plain/rules.yaml"
cp manifests/monitoring/dashboard.json "$to/plain/dashboard.json"
