#!/usr/bin/env bash
# Renders manifests/ into deploy/, split into files so that `kubectl apply -f deploy/`,
# which applies them in the order of their names, creates each object after those that
# it needs. What the webhooks add is rendered into deploy/webhooks.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

mkdir -p deploy
rm -f deploy/*.yaml
plain="$(mktemp)"
trap 'rm -f "$plain"' EXIT
hack/render.sh >"$plain"
awk '
	function flush() {
		if (doc == "") return
		if (!(kind in file)) {
			print "hack/update-deploy.sh: no file in deploy/ for kind \"" kind "\": add one to the table here" > "/dev/stderr"
			failed = 1; exit 1
		}
		out = "deploy/" file[kind]
		if (out in begun) print "---" > out
		else print "# Rendered from manifests/ by hack/update-deploy.sh; do not edit." > out
		begun[out] = 1
		printf "%s", doc > out
		doc = kind = ""
	}
	BEGIN {
		file["Namespace"] = "00-namespace.yaml"
		file["CustomResourceDefinition"] = "10-crd.yaml"
		file["ServiceAccount"] = file["Role"] = file["ClusterRole"] = "20-rbac.yaml"
		file["RoleBinding"] = file["ClusterRoleBinding"] = "20-rbac.yaml"
		file["Service"] = "30-service.yaml"
		file["PodDisruptionBudget"] = "40-pod-disruption-budget.yaml"
		file["Deployment"] = "50-deployment.yaml"
	}
	/^---$/ { flush(); next }
	/^kind: / { kind = $2 }
	{ doc = doc $0 "\n" }
	END { if (!failed) flush() }
' "$plain"

# What the overlay webhooks adds: the new objects in one file, and the Deployment, that
# of deploy/ with more flags, in another. The webhook configurations come first, so
# that "kubectl delete" removes them before the Service that they point to.
mkdir -p deploy/webhooks
rm -f deploy/webhooks/*.yaml
"$(tool kustomize)" build manifests/webhooks | awk -v plain="$plain" '
	function flush() {
		if (doc == "") return
		if (kind == "Deployment") deployment = doc
		else if (kind ~ /^(Mutating|Validating)WebhookConfiguration$/) first = first "---\n" doc
		else if (!(doc in known)) rest = rest "---\n" doc
		doc = kind = ""
	}
	BEGIN {
		while ((getline line < plain) > 0) {
			if (line == "---") { known[text]; text = "" } else text = text line "\n"
		}
		known[text]
		header = "# Rendered from manifests/webhooks by hack/update-deploy.sh; do not edit."
	}
	/^---$/ { flush(); next }
	/^kind: / { kind = $2 }
	{ doc = doc $0 "\n" }
	END {
		flush()
		printf "%s\n%s", header, substr(first rest, 5) > "deploy/webhooks/webhooks.yaml"
		printf "%s\n%s", header, deployment > "deploy/webhooks/deployment.yaml"
	}
'
