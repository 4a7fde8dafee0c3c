#!/usr/bin/env bash
# Starts a cluster, installs the operator, applies a Performer and calls it by gRPC.
# `make demo` runs it; running it again is harmless.
#
# DEMO_CLUSTER: the name of the cluster (hourglass).
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

cluster="${DEMO_CLUSTER:-hourglass}"
sample=manifests/samples/performer.yaml
address=performer-test-performer.default.svc.cluster.local:8080

nodes=real
steps=7
if [[ $(uname -s) != Linux || $(id -u) != 0 ]]; then
	nodes=fake
	steps=6
fi

number=0
step() {
	number=$((number + 1))
	printf '\n[%d/%d] %s\n' "$number" "$steps" "$*"
}

if [[ $nodes == fake ]]; then
	echo "Real containers need root on Linux. Without it the cluster's nodes are simulated:"
	echo "pods become ready although nothing runs in them, and no performer answers a call."
fi

step "Building bin/localcluster"
make --no-print-directory localcluster

step "Starting cluster \"$cluster\" (the first time, Kubernetes is built from source)"
bin/localcluster up --name "$cluster" --nodes "$nodes"
KUBECONFIG="$(bin/localcluster kubeconfig --name "$cluster")"
export KUBECONFIG
PATH="$(bin/localcluster bin-dir):$PATH"
hash -r

if [[ $nodes == real ]]; then
	step "Building the operator and the sample performer, and loading their images"
	test/e2e/load-images.sh "$cluster"
else
	step "Building the operator"
	make --no-print-directory build
fi

step "Installing the operator: kubectl apply -f deploy/"
installed="$(kubectl -n hourglass-system get deployment hourglass-operator-controller-manager --ignore-not-found -o name)"
kubectl apply -f deploy/
kubectl wait --for=condition=Established --timeout=60s crd/performers.hourglass.eigenlayer.io
if [[ $nodes == real ]]; then
	# A new image has the same name as the old one, so only a restart runs it.
	[[ -z $installed ]] || kubectl -n hourglass-system rollout restart "$installed"
	kubectl -n hourglass-system rollout status deployment/hourglass-operator-controller-manager --timeout=180s
else
	echo "(nothing runs in simulated pods, so the operator runs on this machine until the demo ends)"
	bin/manager --kubeconfig "$KUBECONFIG" --metrics-bind-address=127.0.0.1:0 --health-probe-bind-address=127.0.0.1:0 &
	manager=$!
	trap 'kill "$manager" 2>/dev/null || true; wait "$manager" || true' EXIT
fi

step "Applying a first Performer: kubectl apply -f $sample"
kubectl apply -f "$sample"
if ! kubectl wait --for=condition=Ready --timeout=120s performer/test-performer; then
	kubectl describe performer test-performer
	kubectl describe pods -l hourglass.eigenlayer.io/performer=test-performer
	fail "the performer did not become ready (see above); make demo-down removes the cluster"
fi

step "The result: kubectl get performers,pods,services"
kubectl get performers,pods,services

if [[ $nodes == real ]]; then
	step "Calling it from inside the cluster at $address"
	kubectl delete pod performer-client --ignore-not-found
	kubectl run performer-client --image=hourglass/sample-performer:dev --image-pull-policy=Never --restart=Never \
		--command -- /performer-client call -timeout 30s "$address"
	kubectl wait --for=jsonpath='{.status.phase}'=Succeeded --timeout=60s pod/performer-client >/dev/null || {
		kubectl logs performer-client || kubectl describe pod performer-client
		fail "the performer did not answer (see above); make demo-down removes the cluster"
	}
	echo "The performer answered: $(kubectl logs performer-client)"
	kubectl delete pod performer-client
fi

cat <<EOF

Done. To continue:

  export KUBECONFIG=$KUBECONFIG
  export PATH=$(bin/localcluster bin-dir):\$PATH

EOF
if [[ $nodes == real ]]; then
	echo "  kubectl logs -n hourglass-system deployment/hourglass-operator-controller-manager"
else
	echo "  make run          # starts the operator again, which ends with the demo; use another terminal for the rest"
fi
cat <<EOF
  kubectl get performers --watch
  kubectl describe performer test-performer
  kubectl delete pod -l hourglass.eigenlayer.io/performer=test-performer   # the operator creates another one

  make demo-down    # stops the cluster and deletes its files
EOF
