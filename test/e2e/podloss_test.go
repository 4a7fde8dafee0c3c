//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// The only serving pod is taken away. It drains until its successor serves, so no call fails.
func TestServingPodTakenAwayLosesNoCall(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	// Longer than a start takes on a slow machine.
	ns, calls := servingUnderLoad(t, drainingFor(30))
	pods := ns.Kube.CoreV1().Pods(ns.Name)

	if err := pods.Delete(t.Context(), "performer-a-0", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	during := ns.WaitFor(t, "a", "to have a second pod", func(performer *v1alpha1.Performer) error {
		if performer.Status.PodOrdinal != 1 {
			return fmt.Errorf("status.podOrdinal is %d", performer.Status.PodOrdinal)
		}
		return nil
	})
	if !during.Status.Ready {
		t.Errorf("it is not available while the first pod drains: %+v", during.Status)
	}
	ns.WaitFor(t, "a", "to be ready on its second pod", realcluster.ReadyOn(1))
	assertServes(t, ns, "performer-a-1")

	if err := pods.EvictV1(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: "performer-a-1"}}); err != nil {
		t.Fatal(err)
	}
	ns.WaitFor(t, "a", "to be ready on its third pod", realcluster.ReadyOn(2))
	assertServes(t, ns, "performer-a-2")
	wait.For(t, "the first pod to be gone", ns.PodGone("performer-a-0"))
	calls.end(t, "performer-a-2")
}

// With drainSeconds 0 the calls fail until the successor serves. The test prints how long that takes.
func TestServingPodDeletedWithoutDrain(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	ns, calls := servingUnderLoad(t, drainingFor(0))

	if err := ns.Kube.CoreV1().Pods(ns.Name).Delete(t.Context(), "performer-a-0", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.WaitFor(t, "a", "to be ready on its second pod", realcluster.ReadyOn(1))
	assertServes(t, ns, "performer-a-1")
	calls.measure(t, "serving pod deleted, drainSeconds 0", "performer-a-1")
}

// drainingFor sets drainSeconds.
func drainingFor(seconds int32) func(*v1alpha1.PerformerSpec) {
	return func(spec *v1alpha1.PerformerSpec) {
		spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: &seconds}
	}
}

// When the serving pod is evicted and the desired revision can't run, the operator replaces it with
// a copy.
func TestServingPodEvictedWhileTheDesiredRevisionCannotRun(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	ns, calls := servingUnderLoad(t)
	ns.Patch(t, "a", `{"spec":{"image":"hourglass/missing:v9"}}`)
	before := ns.WaitFor(t, "a", "to be degraded", realcluster.Has(v1alpha1.ConditionDegraded, metav1.ConditionTrue, "ImagePullFailed", "hourglass/missing:v9"))

	err := ns.Kube.CoreV1().Pods(ns.Name).EvictV1(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: before.Status.PodName}})
	if err != nil {
		t.Fatal(err)
	}
	after := ns.WaitFor(t, "a", "to serve on a copy of the evicted pod", func(performer *v1alpha1.Performer) error {
		if performer.Status.PodName == before.Status.PodName {
			return fmt.Errorf("status.podName is still %s", performer.Status.PodName)
		}
		return realcluster.Has(v1alpha1.ConditionAvailable, metav1.ConditionTrue, "ServiceReady", performer.Status.PodName)(performer)
	})
	if after.Status.CurrentRevision != before.Status.CurrentRevision || after.Status.CurrentImage != before.Status.CurrentImage {
		t.Errorf("revision %s of image %s serves, want %s of %s", after.Status.CurrentRevision, after.Status.CurrentImage,
			before.Status.CurrentRevision, before.Status.CurrentImage)
	}
	assertServes(t, ns, after.Status.PodName)
	calls.measure(t, "serving pod evicted while the desired revision can't run", after.Status.PodName)

	// The copy is upgraded like any other pod.
	calls = startCallers(t, ns.Address("a", 8080))
	ns.Patch(t, "a", `{"spec":{"image":"hourglass/sample-performer:v2"}}`)
	upgraded := ns.WaitReady(t, "a")
	wait.For(t, "the copy to be gone", ns.PodGone(after.Status.PodName))
	calls.end(t, after.Status.PodName, upgraded.Status.PodName)
}

// assertServes fails the test unless the named pod answers.
func assertServes(t *testing.T, ns *realcluster.Namespace, pod string) {
	t.Helper()
	if answer := cluster.Call(t, ns.Address("a", 8080)); answer.Pod != pod {
		t.Errorf("the answer is from pod %s, want %s", answer.Pod, pod)
	}
}
