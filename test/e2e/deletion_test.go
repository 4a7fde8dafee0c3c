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
	// kubectl waits until the Performer is gone. Its pod and Service must be gone before.
	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "a", "-n", ns.Name, "--timeout=120s"); err != nil {
		t.Fatal(err)
	}
	if err := ns.Gone("a")(t.Context()); err != nil {
		t.Errorf("right after the Performer is gone: %v", err)
	}
}

func TestDeletionBeforeReady(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	performer := ns.Performer("a")
	performer.Spec.Config.Environment["PERFORMER_READY_AFTER"] = "never"
	ns.Create(t, performer)
	if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "a", "-n", ns.Name, "--timeout=120s"); err != nil {
		t.Fatal(err)
	}
	// If the operator had not added its finalizer yet, the garbage collector deletes the rest.
	wait.For(t, "Performer a, its pods and its Service to be gone", ns.Gone("a"))
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
func TestDeletionWhileTheOperatorIsStopped(t *testing.T) {
	ns := cluster.Namespace(t)
	performer := ns.CreateReady(t, ns.Performer("a"))
	whole := cluster.Namespace(t)
	whole.CreateReady(t, whole.Performer("a"))

	// The logs of the operator's pods are lost with them.
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
		t.Fatalf("the finalizer should hold the Performer while the operator is stopped: %v", err)
	}
	if held.DeletionTimestamp == nil {
		t.Error("the Performer is not being deleted")
	}
	if _, err := ns.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), performer.Status.PodName, metav1.GetOptions{}); err != nil {
		t.Errorf("the pod should serve until the operator runs again: %v", err)
	}

	if err := cluster.ScaleOperator(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Kubectl(t.Context(), "wait", "--for=delete", "namespace/"+whole.Name, "--timeout=180s"); err != nil {
		t.Errorf("the namespace that was deleted while the operator was stopped is still there: %v", err)
	}
	wait.For(t, "Performer a, its pods and its Service to be gone", ns.Gone("a"))
}

// stopOperator stops the operator and starts it again at the end of the test, even if the test
// fails: the next tests need it.
func stopOperator(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if err := cluster.ScaleOperator(context.WithoutCancel(t.Context()), 2); err != nil {
			t.Errorf("starting the operator again: %v", err)
		}
	})
	if err := cluster.ScaleOperator(t.Context(), 0); err != nil {
		t.Fatalf("stopping the operator: %v", err)
	}
}
