// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/kubelet"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// Namespace is a namespace of one test's own, in which the test acts as the users and as the
// kubelet.
type Namespace struct {
	testing.TB
	kubelet.Kubelet
	// Name is the namespace's name. It hides the method Name of the test.
	Name string

	cluster *Cluster
}

// Namespace creates a namespace for a test and keeps its endpoint slices.
func (c *Cluster) Namespace(t testing.TB) Namespace {
	t.Helper()
	n := c.ExistingNamespace(t, c.CreateNamespace(t))
	c.runEndpoints(t, n.Name)
	return n
}

// ExistingNamespace returns a namespace that exists. Nobody keeps its endpoint slices.
func (c *Cluster) ExistingNamespace(t testing.TB, name string) Namespace {
	return Namespace{t, kubelet.New(t, c.Kube, name), name, c}
}

// As returns the same namespace for a subtest.
func (n Namespace) As(t testing.TB) Namespace { return n.cluster.ExistingNamespace(t, n.Name) }

// Create creates a Performer, which change may change first.
func (n Namespace) Create(name string, change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	n.Helper()
	p := &v1alpha1.Performer{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.PerformerSpec{
			AVSAddress: "0xabc", Image: "repo:1",
			// Nobody has a connection open here.
			UpgradeStrategy: &v1alpha1.UpgradeStrategy{DrainSeconds: new(int32)},
		},
	}
	for _, f := range change {
		f(p)
	}
	p, err := n.cluster.Hourglass.HourglassV1alpha1().Performers(n.Name).Create(n.Context(), p, metav1.CreateOptions{})
	if err != nil {
		n.Fatal(err)
	}
	return p
}

// Running creates a Performer and makes it ready.
func (n Namespace) Running(name string, change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	n.Helper()
	n.Create(name, change...)
	n.MakeReady("performer-" + name + "-0")
	return n.AwaitPerformer(name, "Performer "+name+" to be ready", IsReady)
}

// Patch changes a Performer by a merge patch.
func (n Namespace) Patch(name, patch string) {
	n.Helper()
	_, err := n.cluster.Hourglass.HourglassV1alpha1().Performers(n.Name).Patch(n.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if err != nil {
		n.Fatal(err)
	}
}

// Performer returns a Performer.
func (n Namespace) Performer(name string) *v1alpha1.Performer {
	n.Helper()
	p, err := n.cluster.Hourglass.HourglassV1alpha1().Performers(n.Name).Get(n.Context(), name, metav1.GetOptions{})
	if err != nil {
		n.Fatal(err)
	}
	return p
}

// Service returns a Service.
func (n Namespace) Service(name string) *corev1.Service {
	n.Helper()
	service, err := n.cluster.Kube.CoreV1().Services(n.Name).Get(n.Context(), name, metav1.GetOptions{})
	if err != nil {
		n.Fatal(err)
	}
	return service
}

// Pods returns the pods that have the label of a Performer.
func (n Namespace) Pods(performer string) []corev1.Pod {
	n.Helper()
	list, err := n.cluster.Kube.CoreV1().Pods(n.Name).List(n.Context(), metav1.ListOptions{LabelSelector: render.LabelPerformer + "=" + performer})
	if err != nil {
		n.Fatal(err)
	}
	return list.Items
}

// DeletePod deletes a pod as a user does.
func (n Namespace) DeletePod(name string) {
	n.Helper()
	if err := n.cluster.Kube.CoreV1().Pods(n.Name).Delete(n.Context(), name, metav1.DeleteOptions{}); err != nil {
		n.Fatal(err)
	}
}

// Evict evicts a pod as kubectl drain does.
func (n Namespace) Evict(pod string) {
	n.Helper()
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod}}
	if err := n.cluster.Kube.CoreV1().Pods(n.Name).EvictV1(n.Context(), eviction); err != nil {
		n.Fatal(err)
	}
}

// Unlabel removes a label from a pod as a user may.
func (n Namespace) Unlabel(pod, label string) {
	n.Helper()
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:null}}}`, label)
	if _, err := n.cluster.Kube.CoreV1().Pods(n.Name).Patch(n.Context(), pod, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		n.Fatal(err)
	}
}

// AwaitPerformer waits until holds is true of the Performer. what completes "waiting for".
func (n Namespace) AwaitPerformer(name, what string, holds func(*v1alpha1.Performer) bool) *v1alpha1.Performer {
	n.Helper()
	var p *v1alpha1.Performer
	wait.For(n.TB, what, func(ctx context.Context) error {
		var err error
		p, err = n.cluster.Hourglass.HourglassV1alpha1().Performers(n.Name).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if !holds(p) {
			return fmt.Errorf("the status is %+v", p.Status)
		}
		return nil
	})
	return p
}

// AwaitReason waits until a condition of the Performer has the reason.
func (n Namespace) AwaitReason(name, conditionType, reason string) *v1alpha1.Performer {
	n.Helper()
	return n.AwaitPerformer(name, fmt.Sprintf("reason %s of condition %s of Performer %s", reason, conditionType, name), HasReason(conditionType, reason))
}

// AwaitReadyOn waits until the Performer is ready on the pod.
func (n Namespace) AwaitReadyOn(name, pod string) *v1alpha1.Performer {
	n.Helper()
	return n.AwaitPerformer(name, "Performer "+name+" to be ready on pod "+pod, func(p *v1alpha1.Performer) bool { return IsReady(p) && p.Status.PodName == pod })
}

// AwaitNoPod waits until there is no pod of the name.
func (n Namespace) AwaitNoPod(name string) {
	n.Helper()
	wait.For(n.TB, "pod "+name+" to be gone", func(ctx context.Context) error {
		pod, err := n.cluster.Kube.CoreV1().Pods(n.Name).Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		default:
			return errors.New(kubelet.Describe(pod))
		}
	})
}

// AwaitLabel waits until the label of the pod has the value.
func (n Namespace) AwaitLabel(pod, key, value string) {
	n.Helper()
	wait.For(n.TB, fmt.Sprintf("label %s=%q on pod %s", key, value, pod), func(ctx context.Context) error {
		live, err := n.cluster.Kube.CoreV1().Pods(n.Name).Get(ctx, pod, metav1.GetOptions{})
		switch {
		case err != nil:
			return err
		case live.Labels[key] != value:
			return errors.New(kubelet.Describe(live))
		default:
			return nil
		}
	})
}

// IsReady reports whether the Performer's status is of its current generation and ready.
func IsReady(p *v1alpha1.Performer) bool {
	return p.Status.Ready && p.Status.ObservedGeneration == p.Generation &&
		apimeta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady)
}

// HasReason returns a function that reports whether a Performer's condition has the reason.
func HasReason(conditionType, reason string) func(*v1alpha1.Performer) bool {
	return func(p *v1alpha1.Performer) bool { return Condition(p, conditionType).Reason == reason }
}

// Condition returns a condition of a Performer, which is empty if the Performer does not have it.
func Condition(p *v1alpha1.Performer, conditionType string) metav1.Condition {
	return ptr.Deref(apimeta.FindStatusCondition(p.Status.Conditions, conditionType), metav1.Condition{})
}
