#!/usr/bin/env bash
# Renders manifests/policies into deploy/policies, each policy with its binding in a
# file of its own, so that it can be applied without the others. `kubectl apply -f
# deploy/` ignores folders, so it applies none of them.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

kustomize="$(tool kustomize)"
rm -rf deploy/policies
mkdir -p deploy/policies
"$kustomize" build manifests/policies | awk '
	function flush() {
		if (doc == "") return
		out = "deploy/policies/" name ".yaml"
		if (out in begun) print "---" > out
		else print "# Rendered from manifests/policies by hack/update-policies.sh; do not edit." > out
		begun[out] = 1
		printf "%s", doc > out
		doc = name = ""
	}
	/^---$/ { flush(); next }
	/^  name: hourglass-operator-/ { name = substr($2, length("hourglass-operator-") + 1) }
	{ doc = doc $0 "\n" }
	END { flush() }
'
