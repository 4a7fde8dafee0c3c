#!/usr/bin/env bash
# Updates the Helm chart: copies the manifests that it shares with manifests/ into its
# files/, since a chart must contain all its files, and generates the table of values in
# its README from the comments in values.yaml.
#
# CHART: the chart to update (deploy/charts/hourglass-operator).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

chart="${CHART:-deploy/charts/hourglass-operator}"

rm -rf "$chart/files"
copy() { # FOLDER-IN-FILES FILE...
	local to="$chart/files/$1" file
	shift
	mkdir -p "$to"
	for file; do
		[[ $file == */kustomization.yaml ]] || cp "$file" "$to/"
	done
}
copy crd manifests/crd/bases/*.yaml
copy rbac manifests/rbac/*role*.yaml
copy metrics-secure manifests/metrics-secure/component/*role*.yaml
copy webhooks manifests/webhooks/{serving,component}/*.yaml
copy cert-manager manifests/cert-manager/component/*.yaml
copy network-policy manifests/network-policy/{,performers/}*.yaml
copy policies manifests/policies/*.yaml
copy monitoring manifests/monitoring/{*.yaml,dashboard.json}

# This parses the subset of YAML in values.yaml: two spaces for each level, and each
# value in the line of its key.
table="$(awk '
	function stop(why) { print "values.yaml:" NR ": " why > "/dev/stderr"; stopped = 1; exit 1 }
	/^$/ { about = ""; next }
	/^ *# / { sub(/^ *# /, ""); about = about (about == "" ? "" : " ") $0; next }
	!/^(  )*[A-Za-z]+:( .*)?$/ { stop("neither a comment nor a key: " $0) }
	{
		match($0, /^ */); depth = RLENGTH / 2
		key[depth] = substr($0, RLENGTH + 1, index($0, ":") - RLENGTH - 1)
		value = substr($0, index($0, ":") + 2)
		path = key[0]
		for (i = 1; i <= depth; i++) path = path "." key[i]
		explained[depth] = about != "" || (depth > 0 && explained[depth - 1])
		if (value != "" && !explained[depth]) stop("no comment describes " path ": add one above it")
		gsub(/\|/, "\\|", about)
		if (value != "" || about != "") print "| `" path "` | " (value == "" ? "" : "`" value "`") " | " about " |"
		about = ""
	}
	END { if (stopped) exit 1 }
' "$chart/values.yaml")"
[[ $table == *'`crd.install`'* ]] || fail "the table of values lacks crd.install: check the format of values.yaml"

begin='<!-- values, made by hack/update-chart.sh -->' end='<!-- end of values -->'
grep -qxF "$begin" "$chart/README.md" && grep -qxF "$end" "$chart/README.md" ||
	fail "$chart/README.md: the lines around the table are missing; add them: $begin, $end"
TABLE="$table" awk -v begin="$begin" -v end="$end" '
	$0 == end { inside = 0 }
	!inside { print }
	$0 == begin { inside = 1; print "\n| value | default | what it does |\n|---|---|---|\n" ENVIRON["TABLE"] "\n" }
' "$chart/README.md" >"$chart/README.md.new"
mv "$chart/README.md.new" "$chart/README.md"
