#!/usr/bin/env bash
# Installs the earlier operator in the cluster of KUBECONFIG, with two Performers as it would leave them. The pod of `alpha`
# matches its spec. The environment of `beta` was changed, and the earlier operator ignored that.
source "$(dirname "${BASH_SOURCE[0]}")/../../../../hack/lib/common.sh"

crd=performers.hourglass.eigenlayer.io
kubectl apply -f test/e2e/docs/testdata/earlier.yaml
kubectl wait --for=condition=Established --timeout=60s "crd/$crd"

performer() { # NAME MORE_ENVIRONMENT
	kubectl apply -f - <<-END
		apiVersion: hourglass.eigenlayer.io/v1alpha1
		kind: Performer
		metadata: {name: $1, finalizers: [hourglass.eigenlayer.io/performer-finalizer]}
		spec:
		  avsAddress: "0x$1"
		  image: hourglass/sample-performer:v1
		  imagePullPolicy: Never
		  config: {grpcPort: 8080, environment: {GRPC_PORT: "8080"$2}}
	END
	local owner
	owner="{apiVersion: hourglass.eigenlayer.io/v1alpha1, kind: Performer, name: $1, controller: true, blockOwnerDeletion: true,
	  uid: $(kubectl get performer "$1" -o jsonpath='{.metadata.uid}')}"
	kubectl apply -f - <<-END
		apiVersion: v1
		kind: Pod
		metadata:
		  name: performer-$1
		  labels: {app: hourglass-performer, hourglass.eigenlayer.io/avs: 0x$1, hourglass.eigenlayer.io/performer: $1}
		  ownerReferences: [$owner]
		spec:
		  containers:
		  - name: performer
		    image: hourglass/sample-performer:v1
		    imagePullPolicy: Never
		    ports: [{name: grpc, containerPort: 8080}]
		    env: [{name: GRPC_PORT, value: "8080"}]
		---
		apiVersion: v1
		kind: Service
		metadata:
		  name: performer-$1
		  ownerReferences: [$owner]
		spec:
		  selector: {hourglass.eigenlayer.io/performer: $1}
		  ports: [{name: grpc, port: 8080, targetPort: 8080}]
	END
	kubectl patch performer "$1" --subresource=status --type=merge -p "{\"status\":{\"phase\":\"Running\",\"ready\":true,
	  \"podName\":\"performer-$1\",\"serviceName\":\"performer-$1\",\"grpcEndpoint\":\"performer-$1.default.svc.cluster.local\"}}"
}

performer alpha ''
performer beta ', COLOR: green'
kubectl wait --for=condition=Ready --timeout=2m pod/performer-alpha pod/performer-beta
kubectl rollout status -n hourglass-system deployment/hourglass-operator-controller-manager --timeout=2m
