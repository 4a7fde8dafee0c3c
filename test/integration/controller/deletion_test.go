// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func TestDeletion(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	performers := hourglass.HourglassV1alpha1().Performers(ns.Name)
	ns.Running("a")
	// A pod on no node is removed at once; one on a node waits for its kubelet.
	binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: "performer-a-0"}, Target: corev1.ObjectReference{Kind: "Node", Name: "n"}}
	if err := kube.CoreV1().Pods(ns.Name).Bind(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := performers.Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	p := ns.AwaitPerformer("a", "phase Terminating", func(p *v1alpha1.Performer) bool { return p.Status.Phase == v1alpha1.PhaseTerminating })
	if p.Status.Ready {
		t.Error("a Performer that is being deleted is ready")
	}
	wait.For(t, "the pod to be deleted", func(ctx context.Context) error {
		pod, err := kube.CoreV1().Pods(ns.Name).Get(ctx, "performer-a-0", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if pod.DeletionTimestamp == nil {
			return errors.New("it has no deletion timestamp")
		}
		return nil
	})
	if _, err := kube.CoreV1().Services(ns.Name).Get(t.Context(), "performer-a", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the Service still exists when the pod is deleted: %v", err)
	}
	if err := kube.CoreV1().Pods(ns.Name).Delete(t.Context(), "performer-a-0", metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the Performer to be gone", func(ctx context.Context) error {
		p, err := performers.Get(ctx, "a", metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		default:
			return fmt.Errorf("its finalizers are %q", p.Finalizers)
		}
	})
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
}

func TestDeletedWhileTheOperatorWasDown(t *testing.T) {
	ns := cluster.Namespace(t)
	first := startOperator(t)
	ns.Running("a")
	first.stop()
	performers := hourglass.HourglassV1alpha1().Performers(ns.Name)
	if err := performers.Delete(t.Context(), "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	startOperator(t)
	wait.For(t, "the Performer to be gone", func(ctx context.Context) error {
		if _, err := performers.Get(ctx, "a", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			return errors.New(fmt.Sprint(err))
		}
		return nil
	})
	ns.AwaitNoPod("performer-a-0")
}

func TestTerminatingNamespaceIsNoError(t *testing.T) {
	ns := cluster.Namespace(t)
	// Its Service and pod are refused from now on. Nobody here empties the namespace, so it stays.
	ns.Create("refused")
	if err := kube.CoreV1().Namespaces().Delete(t.Context(), ns.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	other := cluster.Namespace(t)
	op := startOperator(t)
	other.Running("a")
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
}

// TestChangeInATerminatingNamespace checks that the API server refuses the new pod and that the
// operator does not repeat the request.
func TestChangeInATerminatingNamespace(t *testing.T) {
	ns := cluster.ExistingNamespace(t, cluster.CreateNamespace(t)) // endpoint slices can't be created there either
	first := startOperator(t)
	ns.Running("a")
	first.stop()
	// Nobody here empties the namespace, so it stays as it is.
	if err := kube.CoreV1().Namespaces().Delete(t.Context(), ns.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the API server to refuse new objects in the namespace", func(context.Context) error {
		err := cluster.Post(t, ns.Name, "late", controlplane.SpecWith(t, `"version":"1"`))
		if err == nil || !strings.Contains(err.Error(), "because it is being terminated") {
			return errors.New(fmt.Sprint(err))
		}
		return nil
	})
	before := ns.AwaitPod("performer-a-0")
	op := startOperator(t)
	ns.Patch("a", `{"spec":{"version":"2"}}`)
	wait.Until(t, "an attempt to create the pod", func() bool { return len(op.requests.of("POST /api/v1/namespaces/"+ns.Name+"/pods")) > 0 })
	other := cluster.Namespace(t)
	other.Running("b")
	op.stop()
	if now := ns.AwaitPod("performer-a-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	if failed := op.results.count("error"); failed > 0 {
		t.Errorf("%d syncs failed", failed)
	}
	if writes := op.requests.of(ns.Name); len(writes) > 8 {
		t.Errorf("%d requests for a pod that can't be created:\n%s", len(writes), strings.Join(writes, "\n"))
	}
}

func TestWithRolesOnly(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t, ns.Name)
	p := ns.Running("a", func(p *v1alpha1.Performer) {
		p.Finalizers = []string{"hourglass.eigenlayer.io/performer-finalizer"}
	})
	if len(p.Finalizers) > 0 {
		ns.AwaitPerformer("a", "the finalizer to be removed", func(p *v1alpha1.Performer) bool { return len(p.Finalizers) == 0 })
	}
}
