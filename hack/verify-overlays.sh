#!/usr/bin/env bash
# Fails if an overlay in manifests/ can't be built, or lacks something that it must add.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

kustomize="$(tool kustomize)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# objects FILE lists the objects as KIND NAME.
objects() {
	awk '/^---$/ { kind = "" } /^kind: / { kind = $2 } /^metadata:$/ { meta = 1; next } /^[^ ]/ { meta = 0 }
		meta && /^  name: / { print kind, $2 }' "$1"
}

# rules FILE KIND NAME prints the rules of a role.
rules() {
	awk -v kind="kind: $2" -v name="  name: $3" '
		function flush() { if (of_kind && of_name) printf "%s", text; of_kind = of_name = rules = 0; text = "" }
		/^---$/ { flush(); next }
		/^[^ -]/ { rules = ($0 == "rules:") }
		$0 == kind { of_kind = 1 }
		$0 == name { of_name = 1 }
		rules { text = text $0 "\n" }
		END { flush() }' "$1"
}

# grantable prints the rules that it reads, but for those of nodes and Evictions: whoever creates a Role
# may not have them.
grantable() {
	awk 'function flush() { if (rule !~ /\n  - (nodes|evictions|evictions\/status)\n/) printf "%s", rule; rule = "" }
		/^- apiGroups:/ { flush() }
		{ rule = rule $0 "\n" }
		END { flush() }'
}

has() { # FILE LINE
	grep -qxF -- "$2" <(sed 's/^ *//' "$1") || fail "manifests/$(basename "$1" .yaml): no line \"$2\""
}

for overlay in default metrics-secure namespaced webhooks cert-manager; do
	"$kustomize" build "manifests/$overlay" >"$work/$overlay.yaml"
	# The manager takes the limit of the Go runtime from that of the container, which must have one.
	has "$work/$overlay.yaml" "memory: 512Mi"
done
for overlay in monitoring monitoring-secure samples; do
	"$kustomize" build "manifests/$overlay" >"$work/$overlay.yaml"
done

manager=hourglass-operator-manager
# In one namespace the operator needs the same permissions as in all, apart from those.
rules "$work/default.yaml" ClusterRole $manager | grantable >"$work/everywhere"
rules "$work/namespaced.yaml" Role $manager >"$work/in-one"
[[ -s $work/everywhere ]] || fail "manifests/default: no rules in ClusterRole $manager"
diff -u "$work/everywhere" "$work/in-one" || fail "manifests/namespaced: the Role differs from the ClusterRole (see above): they must have the same rules"
# All other objects are the same.
diff <(objects "$work/default.yaml" | sed "s/^ClusterRole\(Binding\)\? $manager$/Role\1 $manager/" | sort) \
	<(objects "$work/namespaced.yaml" | sort) || fail "manifests/namespaced: unexpected (<) or missing (>) objects, see above"
has "$work/namespaced.yaml" "- --namespaces=performers"

diff <(objects "$work/default.yaml" | cat - <(printf '%s\n' \
	"ClusterRole hourglass-operator-metrics-auth" \
	"ClusterRoleBinding hourglass-operator-metrics-auth" \
	"ClusterRole hourglass-operator-metrics-reader") | sort) \
	<(objects "$work/metrics-secure.yaml" | sort) || fail "manifests/metrics-secure: unexpected (<) or missing (>) objects, see above"
for line in "- --metrics-secure" "- --metrics-bind-address=:8443" "- containerPort: 8443" "- name: https"; do
	has "$work/metrics-secure.yaml" "$line"
done

serving=("MutatingWebhookConfiguration hourglass-operator-webhook" "ValidatingWebhookConfiguration hourglass-operator-webhook"
	"Service hourglass-operator-webhook-service")
diff <(objects "$work/default.yaml" | cat - <(printf '%s\n' "${serving[@]}" \
	"Role hourglass-operator-webhook-ca" "RoleBinding hourglass-operator-webhook-ca" \
	"ClusterRole hourglass-operator-webhook-trust" "ClusterRoleBinding hourglass-operator-webhook-trust") | sort) \
	<(objects "$work/webhooks.yaml" | sort) || fail "manifests/webhooks: unexpected (<) or missing (>) objects, see above"
diff <(objects "$work/default.yaml" | cat - <(printf '%s\n' "${serving[@]}" \
	"Issuer hourglass-operator-webhook-self-signed" "Issuer hourglass-operator-webhook" \
	"Certificate hourglass-operator-webhook-authority" "Certificate hourglass-operator-webhook") | sort) \
	<(objects "$work/cert-manager.yaml" | sort) || fail "manifests/cert-manager: unexpected (<) or missing (>) objects, see above"
for overlay in webhooks cert-manager; do
	has "$work/$overlay.yaml" "- --enable-webhooks"
	has "$work/$overlay.yaml" "- containerPort: 9443"
done
has "$work/cert-manager.yaml" "- --cert-dir=/etc/hourglass-operator/webhook"

# port FILE KIND prints the name of the port of a Service, or of the one that a ServiceMonitor selects.
port() {
	awk -v kind="kind: $2" '
		function flush() { if (of_kind) print port; of_kind = 0; port = "" }
		/^---$/ { flush(); next }
		$0 == kind { of_kind = 1 }
		/^  - name: / || /^    port: [a-z]/ { port = $NF }
		END { flush() }' "$1"
}
# test/static/monitoring tests that the selector selects the Service; it is the same in both.
for pair in default:monitoring metrics-secure:monitoring-secure; do
	there="$(port "$work/${pair%:*}.yaml" Service)" wants="$(port "$work/${pair#*:}.yaml" ServiceMonitor)"
	[[ -n $wants && $there == "$wants" ]] ||
		fail "manifests/${pair#*:}: the ServiceMonitor selects port \"$wants\", the Service of manifests/${pair%:*} has \"$there\""
done
