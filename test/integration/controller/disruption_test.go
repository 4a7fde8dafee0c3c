// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/controller"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func surges(p *v1alpha1.Performer) {
	p.Spec.Disruption = &v1alpha1.Disruption{Type: v1alpha1.SurgeDisruption}
}

// twoNodes returns a namespace with the names of two nodes that are ready, and an operator that sees nodes and
// budgets.
func twoNodes(t *testing.T) (ns controlplane.Namespace, a, b string, op *operator) {
	t.Helper()
	ns = cluster.Namespace(t)
	a, b = ns.Name+"-a", ns.Name+"-b"
	createNode(t, a)
	createNode(t, b)
	return ns, a, b, startOperatorWith(t, config, controller.Access{Nodes: true, Budgets: []string{ns.Name}}, ns.Name)
}

// runsOn creates a Performer x, and waits until it is ready on the node.
func runsOn(ns controlplane.Namespace, node string, change ...func(*v1alpha1.Performer)) {
	ns.Helper()
	ns.Create("x", change...)
	ns.BindTo("performer-x-0", node)
	ns.MakeReady("performer-x-0")
	ns.AwaitReadyOn("x", "performer-x-0")
}

// cordon makes a node unschedulable, or schedulable again.
func cordon(t *testing.T, node string, unschedulable bool) {
	t.Helper()
	patch := fmt.Sprintf(`{"spec":{"unschedulable":%v}}`, unschedulable)
	if _, err := kube.CoreV1().Nodes().Patch(t.Context(), node, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
}

// awaitBudget waits until the budget of Performer x is there and as the operator creates it.
func awaitBudget(ns controlplane.Namespace) *policyv1.PodDisruptionBudget {
	ns.Helper()
	var budget *policyv1.PodDisruptionBudget
	wait.For(ns.TB, "the budget", func(ctx context.Context) error {
		var err error
		if budget, err = kube.PolicyV1().PodDisruptionBudgets(ns.Name).Get(ctx, "performer-x", metav1.GetOptions{}); err != nil {
			return err
		}
		if m := budget.Spec.MinAvailable; m == nil || m.IntValue() != 1 || budget.DeletionTimestamp != nil {
			return fmt.Errorf("its spec is %+v", budget.Spec)
		}
		return nil
	})
	return budget
}

func awaitNoBudget(ns controlplane.Namespace) {
	ns.Helper()
	wait.For(ns.TB, "the budget to be gone", func(ctx context.Context) error {
		_, err := kube.PolicyV1().PodDisruptionBudgets(ns.Name).Get(ctx, "performer-x", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("it exists"), err)
	})
}

// TestSurgeMovesThePod cordons the node of a Performer with Surge, and brings the successor up on another one.
func TestSurgeMovesThePod(t *testing.T) {
	ns, a, b, op := twoNodes(t)
	h := recordHistory(ns)
	runsOn(ns, a, surges)
	awaitBudget(ns)
	cordon(t, a, true)
	successor := ns.AwaitPod("performer-x-1")
	if successor.Labels[render.LabelServing] != "" || successor.Annotations[render.AnnotationMovedFrom] != a {
		t.Errorf("the successor is created with labels %v and annotations %v", successor.Labels, successor.Annotations)
	}
	p := ns.AwaitReason("x", v1alpha1.ConditionReady, "NodeDraining")
	if !p.Status.Ready || p.Status.NodeName != a || p.Status.Phase != v1alpha1.PhaseRunning || kstatus(p) != kstatusInProgress {
		t.Errorf("status %+v", p.Status)
	}
	ns.BindTo("performer-x-1", b)
	ns.MakeReady("performer-x-1")
	ns.AwaitDeletion("performer-x-0")
	ns.Remove("performer-x-0")
	p = ns.AwaitReadyOn("x", "performer-x-1")
	if p.Status.NodeName != b {
		t.Errorf("the status names node %s, want %s", p.Status.NodeName, b)
	}
	ns.AwaitNoPod("performer-x-0")
	op.stop()
	h.checkNoGap("x")
	want := fmt.Sprintf("Normal Moved Moved from node %s to node %s before its drain: Pod performer-x-1 serves", a, b)
	if events := op.takeEvents(ns.Name); !slices.Contains(events, want) {
		t.Errorf("events: %q", events)
	}
}

// TestUncordonEndsTheMove uncordons the node before the successor serves: nothing is left of it.
func TestUncordonEndsTheMove(t *testing.T) {
	ns, a, b, _ := twoNodes(t)
	runsOn(ns, a, surges)
	cordon(t, a, true)
	ns.BindTo("performer-x-1", b)
	ns.AwaitReason("x", v1alpha1.ConditionReady, "NodeDraining")
	cordon(t, a, false)
	ns.Remove("performer-x-1")
	ns.AwaitReadyOn("x", "performer-x-0")
	ns.AwaitNoPod("performer-x-1")
}

// TestFailover has the node of the pod lost. The successor is created before Kubernetes evicts the pod.
func TestFailover(t *testing.T) {
	ns, a, b, _ := twoNodes(t)
	createNode(t, ns.Name+"-c") // most nodes are up
	runsOn(ns, a)
	body := `{"status":{"conditions":[{"type":"Ready","status":"Unknown","reason":"NodeStatusUnknown","message":"Kubelet stopped posting node status."}]}}`
	if _, err := kube.CoreV1().Nodes().Patch(t.Context(), a, types.StrategicMergePatchType, []byte(body), metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
	successor := ns.AwaitPod("performer-x-1")
	if successor.Labels[render.LabelServing] != render.ServingTrue {
		t.Errorf("the successor is created with labels %v", successor.Labels)
	}
	p := ns.AwaitReason("x", v1alpha1.ConditionReady, "NodeLost")
	if message := controlplane.Condition(p, v1alpha1.ConditionReady).Message; p.Status.Ready || !strings.HasPrefix(message, "Node "+a+" is not ready: NodeStatusUnknown: Kubelet stopped posting node status") {
		t.Errorf("ready %v: %s", p.Status.Ready, message)
	}
	ns.BindTo("performer-x-1", b)
	ns.MakeReady("performer-x-1")
	ns.AwaitDeletion("performer-x-0")
	ns.AwaitReadyOn("x", "performer-x-1")
}

// TestBudget checks the life of the budget: others delete it, edit it and create another one.
func TestBudget(t *testing.T) {
	ns, a, _, _ := twoNodes(t)
	budgets := kube.PolicyV1().PodDisruptionBudgets(ns.Name)
	runsOn(ns, a, surges)
	first := awaitBudget(ns)
	if err := budgets.Delete(t.Context(), first.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, "another budget", func() bool { return awaitBudget(ns).UID != first.UID })
	if _, err := budgets.Patch(t.Context(), first.Name, types.MergePatchType, []byte(`{"spec":{"minAvailable":0}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	awaitBudget(ns)
	if _, err := budgets.Patch(t.Context(), first.Name, types.MergePatchType, []byte(`{"metadata":{"ownerReferences":null}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, "its owner", func() bool { return metav1.GetControllerOf(awaitBudget(ns)) != nil })

	others := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "users"}, Spec: policyv1.PodDisruptionBudgetSpec{
		MaxUnavailable: ptr.To(intstr.FromInt32(0)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{render.LabelPerformer: "x"}},
	}}
	if _, err := budgets.Create(t.Context(), others, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	awaitNoBudget(ns)
	ns.AwaitPerformer("x", "the status to name the other budget", func(p *v1alpha1.Performer) bool {
		return controlplane.IsReady(p) && strings.Contains(controlplane.Condition(p, v1alpha1.ConditionReady).Message, "PodDisruptionBudget users")
	})
	if err := budgets.Delete(t.Context(), others.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	awaitBudget(ns)
	ns.Patch("x", `{"spec":{"disruption":{"type":"Bridge"}}}`)
	awaitNoBudget(ns)
	ns.AwaitReadyOn("x", "performer-x-0")
}

// TestLongestDrain checks that the API server accepts the pods of the longest drainSeconds, whatever the grace
// period: the sleep must fit in the grace period that the pod has.
func TestLongestDrain(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	const longest = 86400 // of both fields, as the CRD says
	for name, grace := range map[string]int64{"none": 0, "longest": longest} {
		ns.Create(name, func(p *v1alpha1.Performer) {
			p.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: ptr.To[int32](longest)}
			p.Spec.TerminationGracePeriodSeconds = &grace
		})
		pod := ns.AwaitPod("performer-" + name + "-0")
		if got := *pod.Spec.TerminationGracePeriodSeconds; got != longest+grace {
			t.Errorf("%s: grace period %d, want %d", name, got, longest+grace)
		}
		if sleep := pod.Spec.Containers[0].Lifecycle.PreStop.Sleep.Seconds; sleep != longest {
			t.Errorf("%s: it sleeps for %d seconds", name, sleep)
		}
	}
}
