#!/usr/bin/env bash
# Removes the operator (`all`), or only the CRD (`crd`), from the cluster of the current
# kubeconfig, in an order that cannot hang: first the Performers, while the operator
# still runs; then finalizers that no operator removes; then everything else.
#
#   hack/undeploy.sh all|crd [--ignore-not-found]
#
# KUBECTL: the kubectl to use.
# UNDEPLOY_TIMEOUT: how many seconds to wait until the Performers are deleted (120).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

KUBECTL="${KUBECTL:-kubectl}"
what="${1:?expected all or crd}"
shift
ignore="--ignore-not-found=false"
[[ ${1:-} != --ignore-not-found ]] || ignore="--ignore-not-found=true"

crd=performers.hourglass.eigenlayer.io
finalizer=hourglass.eigenlayer.io/performer-finalizer

performers() { # NAMESPACE/NAME of each
	"$KUBECTL" get "$crd" --all-namespaces --output \
		'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}{"\n"}{end}'
}

# Removes our finalizer from Performers that are being deleted, and no other finalizer.
release_performers() {
	local namespace name position
	while IFS=/ read -r namespace name; do
		[[ -n $name ]] || continue
		position="$("$KUBECTL" get "$crd" --namespace "$namespace" "$name" --ignore-not-found --output \
			'jsonpath={range .metadata.finalizers[*]}{@}{"\n"}{end}' | grep -nxF "$finalizer" | cut -d: -f1 || true)"
		[[ -n $position ]] || continue
		echo "no operator handles the deletion of $namespace/$name: removing its finalizer" >&2
		# The "test" operation makes the patch fail if the list has changed meanwhile.
		"$KUBECTL" patch "$crd" --namespace "$namespace" "$name" --type json --patch "[
			{\"op\": \"test\", \"path\": \"/metadata/finalizers/$((position - 1))\", \"value\": \"$finalizer\"},
			{\"op\": \"remove\", \"path\": \"/metadata/finalizers/$((position - 1))\"}]" >/dev/null || true
	done < <(performers)
}

# Whether the operator that deploy/ installs is running.
operator_runs() {
	local available
	available="$("$KUBECTL" get deployment --namespace hourglass-system hourglass-operator-controller-manager \
		--ignore-not-found --output 'jsonpath={.status.availableReplicas}')"
	[[ ${available:-0} -gt 0 ]]
}

remove_performers() {
	local deadline left
	"$KUBECTL" get crd "$crd" --ignore-not-found --output name | grep -q . || return 0
	left="$(performers)"
	[[ -n $left ]] || return 0
	echo "deleting these Performers, with their pods and Services:"
	sed 's/^/  /' <<<"$left"
	"$KUBECTL" delete "$crd" --all --all-namespaces --wait=false >/dev/null

	# Without a Deployment of ours the operator may still run by hand (make run).
	deadline=$((SECONDS + ${UNDEPLOY_TIMEOUT:-120}))
	operator_runs || deadline=$((SECONDS + 15))
	while [[ -n "$(performers)" ]] && ((SECONDS < deadline)); do sleep 1; done
	release_performers
	left="$(performers)"
	[[ -z $left ]] || fail "these Performers have finalizers of other programs; nothing else was deleted. Remove those finalizers and run this again:
$left"
}

"$KUBECTL" version >/dev/null || fail "the cluster does not answer: check KUBECONFIG and the current context"
remove_performers
case $what in
crd)
	echo "deleting the CRD $crd"
	"$KUBECTL" delete "$ignore" --timeout 60s crd "$crd"
	;;
all)
	echo "deleting the operator, its permissions, the namespace hourglass-system and the CRD $crd"
	# Webhook configurations, if there are any, before the Service that they point to.
	"$KUBECTL" delete --ignore-not-found --filename deploy/webhooks/webhooks.yaml
	"$KUBECTL" delete "$ignore" deployment --namespace hourglass-system hourglass-operator-controller-manager --wait --timeout 60s
	# No operator is left to handle a Performer created meanwhile.
	"$KUBECTL" get crd "$crd" --ignore-not-found --output name | grep -q . && release_performers
	# Objects that the overlays add outside of the namespace.
	"$KUBECTL" delete --ignore-not-found --filename deploy/policies \
		--filename manifests/metrics-secure/component/auth_role.yaml \
		--filename manifests/metrics-secure/component/auth_role_binding.yaml \
		--filename manifests/metrics-secure/component/reader_role.yaml
	"$KUBECTL" delete roles,rolebindings --all-namespaces --field-selector metadata.name=hourglass-operator-manager
	hack/render.sh | "$KUBECTL" delete --ignore-not-found --timeout 120s --filename -
	;;
*)
	fail "invalid argument \"$what\": expected all or crd"
	;;
esac
