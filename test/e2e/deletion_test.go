//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func TestDeletionLeavesNothing(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	ns.CreateReady(t, ns.Performer("a"))
	// kubectl waits until the object is gone; the pod and the Service must be gone before it.
	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "a", "-n", ns.Name, "--timeout=120s"); err != nil {
		t.Fatal(err)
	}
	if err := ns.Gone("a")(t.Context()); err != nil {
		t.Errorf("right after the performer's end: %v", err)
	}
}

func TestDeletionBeforeItsReady(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	performer := ns.Performer("a")
	performer.Spec.Config.Environment["PERFORMER_READY_AFTER"] = "never"
	ns.Create(t, performer)
	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "a", "-n", ns.Name, "--timeout=120s"); err != nil {
		t.Fatal(err)
	}
	// Deleted before the operator had put its finalizer on, the rest is the garbage collector's.
	wait.For(t, "all of it to be gone", ns.Gone("a"))
}

func TestDeletionOfTheNamespace(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	ns.CreateReady(t, ns.Performer("a"))
	if _, err := cluster.Kubectl(t.Context(), "delete", "namespace", ns.Name, "--timeout=180s"); err != nil {
		t.Fatal(err)
	}
}

// Not parallel: it stops the operator.
func TestDeletionWhileTheOperatorIsAway(t *testing.T) {
	ns := cluster.Namespace(t)
	performer := ns.CreateReady(t, ns.Performer("a"))
	whole := cluster.Namespace(t)
	whole.CreateReady(t, whole.Performer("a"))

	// Their logs end with the pods.
	assertNothingLeaked(t)
	stopOperator(t)
	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "a", "-n", ns.Name, "--wait=false"); err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Kubectl(t.Context(), "delete", "namespace", whole.Name, "--wait=false"); err != nil {
		t.Fatal(err)
	}
	held, err := ns.Performers.HourglassV1alpha1().Performers(ns.Name).Get(t.Context(), "a", metav1.GetOptions{})
	if err != nil {
		t.Fatalf("the finalizer should hold the performer while the operator is away: %v", err)
	}
	if held.DeletionTimestamp == nil {
		t.Error("the performer is not being deleted")
	}
	if _, err := ns.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), performer.Status.PodName, metav1.GetOptions{}); err != nil {
		t.Errorf("the pod should serve until the operator is back: %v", err)
	}

	if err := cluster.ScaleOperator(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Kubectl(t.Context(), "wait", "--for=delete", "namespace/"+whole.Name, "--timeout=180s"); err != nil {
		t.Errorf("the namespace that was deleted meanwhile is still there: %v", err)
	}
	wait.For(t, "all of it to be gone", ns.Gone("a"))
}

// stopOperator stops the operator until the end of the test. The next tests need it, whatever becomes of this one.
func stopOperator(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if err := cluster.ScaleOperator(context.WithoutCancel(t.Context()), 2); err != nil {
			t.Errorf("bringing the operator back: %v", err)
		}
	})
	if err := cluster.ScaleOperator(t.Context(), 0); err != nil {
		t.Fatalf("stopping the operator: %v", err)
	}
}
