#!/usr/bin/env bash
# Removes the operator (`all`), or only the CRD (`crd`), from the cluster of the
# current kubeconfig, in an order that cannot hang: the Performers go first, while
# the operator is there to finish them; a finalizer that nobody serves any more is
# taken off; then comes the rest.
#
#   hack/undeploy.sh all|crd [--ignore-not-found]
#
# KUBECTL: the kubectl to use.
# UNDEPLOY_TIMEOUT: how many seconds the Performers get to end (120).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

KUBECTL="${KUBECTL:-kubectl}"
what="${1:?all or crd}"
shift
ignore="--ignore-not-found=false"
[[ ${1:-} != --ignore-not-found ]] || ignore="--ignore-not-found=true"

crd=performers.hourglass.eigenlayer.io
finalizer=hourglass.eigenlayer.io/performer-finalizer

performers() { # NAMESPACE/NAME of each
	"$KUBECTL" get "$crd" --all-namespaces --output \
		'jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}{"\n"}{end}'
}

# Takes our finalizer off what is being deleted; those of others are not ours.
release_performers() {
	local namespace name position
	while IFS=/ read -r namespace name; do
		[[ -n $name ]] || continue
		position="$("$KUBECTL" get "$crd" --namespace "$namespace" "$name" --ignore-not-found --output \
			'jsonpath={range .metadata.finalizers[*]}{@}{"\n"}{end}' | grep -nxF "$finalizer" | cut -d: -f1 || true)"
		[[ -n $position ]] || continue
		echo "nobody finishes $namespace/$name: taking its finalizer off" >&2
		# The test refuses the patch when the list has changed since.
		"$KUBECTL" patch "$crd" --namespace "$namespace" "$name" --type json --patch "[
			{\"op\": \"test\", \"path\": \"/metadata/finalizers/$((position - 1))\", \"value\": \"$finalizer\"},
			{\"op\": \"remove\", \"path\": \"/metadata/finalizers/$((position - 1))\"}]" >/dev/null || true
	done < <(performers)
}

# Whether the operator that deploy/ installs is at work here.
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
	[[ -z $left ]] || fail "finalizers of others than the operator hold these Performers; nothing else was deleted:
$left"
}

"$KUBECTL" version >/dev/null || fail "no cluster: see what KUBECONFIG and the current context name"
remove_performers
case $what in
crd)
	echo "deleting the CRD $crd"
	"$KUBECTL" delete "$ignore" --timeout 60s crd "$crd"
	;;
all)
	echo "deleting the operator, its permissions, the namespace hourglass-system and the CRD $crd"
	# While there is still something that the configurations of webhooks point to, if there are any.
	"$KUBECTL" delete --ignore-not-found --filename deploy/webhooks/webhooks.yaml
	"$KUBECTL" delete "$ignore" deployment --namespace hourglass-system hourglass-operator-controller-manager --wait --timeout 60s
	# One that was made in the meantime has nobody left to finish it.
	"$KUBECTL" get crd "$crd" --ignore-not-found --output name | grep -q . && release_performers
	# What the overlays add outside the namespace.
	"$KUBECTL" delete --ignore-not-found --filename deploy/policies \
		--filename manifests/metrics-secure/component/auth_role.yaml \
		--filename manifests/metrics-secure/component/auth_role_binding.yaml \
		--filename manifests/metrics-secure/component/reader_role.yaml
	"$KUBECTL" delete roles,rolebindings --all-namespaces --field-selector metadata.name=hourglass-operator-manager
	hack/render.sh | "$KUBECTL" delete --ignore-not-found --timeout 120s --filename -
	;;
*)
	fail "all or crd, not $what"
	;;
esac
