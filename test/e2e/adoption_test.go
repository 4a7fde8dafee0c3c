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

// earlierPerformer is a Performer as it was before; %[1]s is its name, %[2]s what is asked for of the environment beside
// the port.
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

// earlierObjects are the pod and the Service that an earlier operator made for it: the one named like the Performer,
// the other without labels. %[2]s is the Performer's UID.
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

// What an earlier operator left is taken over under the eyes of its callers. Not parallel: the operator is stopped.
func TestAdoptionLosesNoCall(t *testing.T) {
	ns := cluster.Namespace(t)
	// Their logs end with the pods.
	assertNothingLeaked(t)
	stopOperator(t)
	leave := func(name, environment string) (*corev1.Pod, callers) {
		t.Helper()
		pod := leaveEarlier(t, ns, name, environment)
		return pod, startCallers(t, ns.Address(name, 8080))
	}
	same, sameCalls := leave("same", "")
	stale, staleCalls := leave("stale", `, COLOUR: green`)

	if err := cluster.ScaleOperator(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	// What runs what is asked for goes on running.
	adopted := podOf(t, ns, ns.WaitReady(t, "same"))
	if adopted.UID != same.UID || adopted.Status.ContainerStatuses[0].RestartCount != 0 {
		t.Errorf("ready on pod %s (%s) after %d restarts, want the one that was there, %s (%s)",
			adopted.Name, adopted.UID, adopted.Status.ContainerStatuses[0].RestartCount, same.Name, same.UID)
	}
	wait.For(t, "the earlier Service to be ours", func(ctx context.Context) error {
		service, err := ns.Kube.CoreV1().Services(ns.Name).Get(ctx, "performer-same", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if service.Spec.Selector["hourglass.eigenlayer.io/serving"] != "true" || service.Labels["app"] != "hourglass-performer" {
			return fmt.Errorf("its selector is %v, its labels %v", service.Spec.Selector, service.Labels)
		}
		return nil
	})

	// What the earlier operator never applied is applied by an upgrade like any other.
	upgraded := ns.WaitFor(t, "stale", "to be ready on the first pod of its own", realcluster.ReadyOn(0))
	if upgraded.Status.LastUpgrade == nil {
		t.Error("status.lastUpgrade is not set, though the earlier pod was replaced")
	}
	if answer := cluster.Call(t, ns.Address("stale", 8080), "COLOUR"); answer.Pod != "performer-stale-0" || answer.Env["COLOUR"] != "green" {
		t.Errorf("got an answer from %+v, want performer-stale-0 with the environment that is asked for", answer)
	}
	wait.For(t, "the earlier pod to be gone", ns.PodGone(stale.Name))
	staleCalls.end(t, stale.Name, "performer-stale-0")

	// From now on it's a Performer like any other.
	ns.Patch(t, "same", `{"spec":{"image":"hourglass/sample-performer:v2"}}`)
	after := ns.WaitReady(t, "same")
	wait.For(t, "the earlier pod to be gone", ns.PodGone(same.Name))
	sameCalls.end(t, same.Name, after.Status.PodName)
}

// leaveEarlier makes what an earlier operator left of a Performer, and returns its pod once it's ready.
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
