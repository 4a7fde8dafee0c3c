//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// earlierPerformer is a Performer of the earlier operator. %[1]s is its name, %[2]s its environment
// in addition to the port.
const earlierPerformer = `apiVersion: hourglass.eigenlayer.io/v1alpha1
kind: Performer
metadata:
  name: %[1]s
  finalizers: [hourglass.eigenlayer.io/performer-finalizer]
spec:
  avsAddress: "0xtest-avs-address"
  image: hourglass/sample-performer:v1
  imagePullPolicy: Never
  version: v1
  config:
    grpcPort: 8080
    environment: {GRPC_PORT: "8080"%[2]s}
`

// earlierObjects are the pod and the Service that the earlier operator made for it. The pod is
// named like the Performer, and the Service has no labels. %[2]s is the UID of the Performer.
const earlierObjects = `apiVersion: v1
kind: Pod
metadata:
  name: performer-%[1]s
  labels:
    app: hourglass-performer
    hourglass.eigenlayer.io/avs: 0xtest-avs-address
    hourglass.eigenlayer.io/performer: %[1]s
  ownerReferences: [{apiVersion: hourglass.eigenlayer.io/v1alpha1, kind: Performer, name: %[1]s, uid: %[2]s, controller: true, blockOwnerDeletion: true}]
spec:
  restartPolicy: Always
  containers:
  - name: performer
    image: hourglass/sample-performer:v1
    imagePullPolicy: Never
    ports: [{name: grpc, containerPort: 8080, protocol: TCP}]
    env: [{name: GRPC_PORT, value: "8080"}]
---
apiVersion: v1
kind: Service
metadata:
  name: performer-%[1]s
  ownerReferences: [{apiVersion: hourglass.eigenlayer.io/v1alpha1, kind: Performer, name: %[1]s, uid: %[2]s, controller: true, blockOwnerDeletion: true}]
spec:
  type: ClusterIP
  selector: {hourglass.eigenlayer.io/performer: %[1]s}
  ports: [{name: grpc, port: 8080, targetPort: 8080, protocol: TCP}]
`

// The operator adopts the objects of the earlier operator without losing a call. Not parallel: it
// stops the operator.
func TestAdoptionLosesNoCall(t *testing.T) {
	ns := cluster.Namespace(t)
	// The logs of the operator's pods are lost with them.
	assertNothingLeaked(t)
	stopOperator(t)
	leave := func(name, environment string) (*corev1.Pod, callers) {
		t.Helper()
		pod := leaveEarlier(t, ns, name, environment)
		return pod, startCallers(t, ns.Address(name, 8080))
	}
	same, sameCalls := leave("same", "")
	stale, staleCalls := leave("stale", `, COLOR: green`)

	if err := cluster.ScaleOperator(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	// A pod that matches the desired spec keeps running.
	adopted := podOf(t, ns, ns.WaitReady(t, "same"))
	if adopted.UID != same.UID || adopted.Status.ContainerStatuses[0].RestartCount != 0 {
		t.Errorf("ready on pod %s (%s) after %d restarts, want the earlier pod, %s (%s)",
			adopted.Name, adopted.UID, adopted.Status.ContainerStatuses[0].RestartCount, same.Name, same.UID)
	}
	wait.For(t, "the earlier Service to be adopted", func(ctx context.Context) error {
		service, err := ns.Kube.CoreV1().Services(ns.Name).Get(ctx, "performer-same", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if service.Spec.Selector["hourglass.eigenlayer.io/serving"] != "true" || service.Labels["app"] != "hourglass-performer" {
			return fmt.Errorf("its selector is %v, its labels %v", service.Spec.Selector, service.Labels)
		}
		return nil
	})

	// A change that the earlier operator never applied is applied by an ordinary upgrade.
	upgraded := ns.WaitFor(t, "stale", "to be ready on its first pod of this operator", realcluster.ReadyOn(0))
	if upgraded.Status.LastUpgrade == nil {
		t.Error("status.lastUpgrade is not set, though the earlier pod was replaced")
	}
	if answer := cluster.Call(t, ns.Address("stale", 8080), "COLOR"); answer.Pod != "performer-stale-0" || answer.Env["COLOR"] != "green" {
		t.Errorf("got an answer from %+v, want performer-stale-0 with the environment of the spec", answer)
	}
	wait.For(t, "the earlier pod to be gone", ns.PodGone(stale.Name))
	staleCalls.end(t, stale.Name, "performer-stale-0")

	// From now on, the adopted Performer is upgraded like any other.
	ns.Patch(t, "same", `{"spec":{"image":"hourglass/sample-performer:v2"}}`)
	after := ns.WaitReady(t, "same")
	wait.For(t, "the earlier pod to be gone", ns.PodGone(same.Name))
	sameCalls.end(t, same.Name, after.Status.PodName)
}

// leaveEarlier creates a Performer with the objects of the earlier operator, and returns its pod
// once it is ready.
func leaveEarlier(t *testing.T, ns *realcluster.Namespace, name, environment string) *corev1.Pod {
	t.Helper()
	if _, err := cluster.Apply(t.Context(), ns.Name, fmt.Sprintf(earlierPerformer, name, environment)); err != nil {
		t.Fatal(err)
	}
	performers := ns.Performers.HourglassV1alpha1().Performers(ns.Name)
	performer, err := performers.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Apply(t.Context(), ns.Name, fmt.Sprintf(earlierObjects, name, performer.UID)); err != nil {
		t.Fatal(err)
	}
	status := fmt.Appendf(nil, `{"status":{"phase":"Running","ready":true,"podName":"performer-%[1]s","serviceName":"performer-%[1]s",
		"grpcEndpoint":"performer-%[1]s.%[2]s.svc.cluster.local","readyTime":"2026-01-02T03:04:05Z"}}`, name, ns.Name)
	if _, err := performers.Patch(t.Context(), name, types.MergePatchType, status, metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
	var pod *corev1.Pod
	wait.For(t, "the earlier pod to be ready", func(ctx context.Context) (err error) {
		if pod, err = ns.Kube.CoreV1().Pods(ns.Name).Get(ctx, "performer-"+name, metav1.GetOptions{}); err != nil {
			return err
		}
		return realcluster.PodReady(pod)
	})
	return pod
}
