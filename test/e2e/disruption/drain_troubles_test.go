//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package disruption

import (
	"context"
	"fmt"
	"testing"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestDrainOfAFullCluster has no room for the successor. The drain waits, the condition says so in the scheduler's
// words, and both go on when there is room.
func TestDrainOfAFullCluster(t *testing.T) {
	nodes := cluster.RealNodes(t)
	ns := cluster.Namespace(t)
	performers := startOn(t, ns, nodes[1], 1, func(spec *v1alpha1.PerformerSpec) {
		surge(spec)
		spec.Resources.Requests = halfANode
	})
	waitForBudget(t, ns, performers[0])
	createPod(t, ns, tenant(nodes[0]))
	wait.For(t, "the tenant to be on the other node", onNode(ns, "tenant", nodes[0]))
	calls := callAll(t, ns, performers)
	drained := startDrain(t, nodes[1])
	ns.WaitFor(t, performers[0], "to say that there is no room", func(performer *v1alpha1.Performer) error {
		if err := realcluster.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, "SchedulingFailed", "Insufficient cpu")(performer); err != nil {
			return err
		}
		return realcluster.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, "SchedulingFailed", "the drain of node "+nodes[1])(performer)
	})
	if err := ns.Kube.CoreV1().Pods(ns.Name).Delete(t.Context(), "tenant", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	endMoved(t, ns, performers[0], drained)
	calls.end(t, "drain of a full cluster")
}

// TestSecondDrainDuringTheFirst drains the node of the successor too, before that serves. The successor is evicted,
// the old pod serves, and the first drain waits until there is a node again.
func TestSecondDrainDuringTheFirst(t *testing.T) {
	nodes := cluster.RealNodes(t)
	ns := cluster.Namespace(t)
	performers := startOn(t, ns, nodes[1], 1, func(spec *v1alpha1.PerformerSpec) {
		surge(spec)
		spec.Config.Environment["PERFORMER_READY_AFTER"] = "15s"
	})
	name := performers[0]
	waitForBudget(t, ns, name)
	calls := callAll(t, ns, performers)
	first := startDrain(t, nodes[1])
	wait.For(t, "the successor to be on the other node", onNode(ns, "performer-"+name+"-1", nodes[0]))
	// Of this Performer only: the operator and the cluster's DNS would have no node to go to.
	if err := <-startDrain(t, nodes[0], "--pod-selector=hourglass.eigenlayer.io/performer="+name); err != nil {
		t.Fatalf("the second drain: %v", err)
	}
	ns.WaitFor(t, name, "to say what the first drain waits for",
		realcluster.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, "SchedulingFailed", "the drain of node "+nodes[1]))
	cluster.MustRun(t, "kubectl", "uncordon", nodes[0])
	endMoved(t, ns, name, first)
	if got := ns.WaitReady(t, name).Status.NodeName; got != nodes[0] {
		t.Errorf("it is on node %q, want %s", got, nodes[0])
	}
	calls.end(t, "second drain during the first")
}

// TestDrainWithABudgetOfTheUser has a PodDisruptionBudget of somebody else. The operator creates none of its own, and
// moves the pod, so that the drain goes on.
func TestDrainWithABudgetOfTheUser(t *testing.T) {
	node := cluster.RealNodes(t)[1]
	ns := cluster.Namespace(t)
	one := intstr.FromInt32(1)
	budget := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "users"},
		Spec: policyv1.PodDisruptionBudgetSpec{MinAvailable: &one, Selector: &metav1.LabelSelector{
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "hourglass.eigenlayer.io/performer", Operator: metav1.LabelSelectorOpExists}},
		}},
	}
	if _, err := ns.Kube.PolicyV1().PodDisruptionBudgets(ns.Name).Create(t.Context(), budget, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	performers := startOn(t, ns, node, 1, surge)
	ns.WaitFor(t, performers[0], "to name the user's budget",
		realcluster.Has(v1alpha1.ConditionReady, metav1.ConditionTrue, "PodReady", "PodDisruptionBudget users"))
	calls := callAll(t, ns, performers)
	endMoved(t, ns, performers[0], startDrain(t, node))
	budgets, err := ns.Kube.PolicyV1().PodDisruptionBudgets(ns.Name).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(budgets.Items) != 1 {
		t.Errorf("there are %d PodDisruptionBudgets, want only the user's", len(budgets.Items))
	}
	calls.end(t, "drain with a budget of the user")
}

// TestDrainWhileTheOperatorIsKilled kills the leader when the successor exists and does not serve yet.
func TestDrainWhileTheOperatorIsKilled(t *testing.T) {
	nodes := cluster.RealNodes(t)
	ns := cluster.Namespace(t)
	performers := startOn(t, ns, nodes[1], 1, surge)
	waitForBudget(t, ns, performers[0])
	calls := callAll(t, ns, performers)
	drained := startDrain(t, nodes[1])
	wait.For(t, "the successor to be on the other node", onNode(ns, "performer-"+performers[0]+"-1", nodes[0]))
	deleteLeader(t, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
	endMoved(t, ns, performers[0], drained)
	calls.end(t, "drain while the operator is killed")
}

// TestDrainThatCannotMoveAPod has a Performer that may run on no other node. Its pod serves on, the condition says
// what the drain waits for, and the drain goes on when the Performer is given up to it. Meanwhile the leader is
// deleted.
func TestDrainThatCannotMoveAPod(t *testing.T) {
	node := cluster.RealNodes(t)[1]
	ns := cluster.Namespace(t)
	name := startOn(t, ns, node, 1, func(spec *v1alpha1.PerformerSpec) {
		surge(spec)
		spec.Scheduling = &v1alpha1.SchedulingConfig{NodeSelector: map[string]string{"kubernetes.io/hostname": node}}
	})[0]
	waitForBudget(t, ns, name)
	drained := startDrain(t, node)
	ns.WaitFor(t, name, "to say what the drain waits for", realcluster.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, "SchedulingFailed", "the drain of node "+node))
	deleteLeader(t, metav1.DeleteOptions{})
	stays := ns.WaitFor(t, name, "to serve where it is", func(performer *v1alpha1.Performer) error {
		if !performer.Status.Ready {
			return fmt.Errorf("it is not available: %+v", performer.Status)
		}
		return nil
	})
	if stays.Status.PodName != "performer-"+name+"-0" {
		t.Errorf("it serves on %s", stays.Status.PodName)
	}
	ns.Patch(t, name, `{"spec":{"disruption":{"type":"Bridge"}}}`)
	if err := <-drained; err != nil {
		t.Errorf("the drain: %v", err)
	}
}

// endMoved waits for the end of a drain, which needs that the Performer's pod was moved.
func endMoved(t *testing.T, ns *realcluster.Namespace, name string, drained <-chan error) {
	t.Helper()
	if err := <-drained; err != nil {
		t.Fatalf("the drain: %v", err)
	}
	if err := ns.HasEvent(t.Context(), name, "Normal", "Moved"); err != nil {
		t.Error(err)
	}
}

// onNode returns a check that a pod was scheduled on a node.
func onNode(ns *realcluster.Namespace, name, node string) func(context.Context) error {
	return func(ctx context.Context) error {
		pod, err := ns.Kube.CoreV1().Pods(ns.Name).Get(ctx, name, metav1.GetOptions{})
		if err == nil && pod.Spec.NodeName != node {
			err = fmt.Errorf("pod %s is on node %q, want %s", name, pod.Spec.NodeName, node)
		}
		return err
	}
}

// deleteLeader deletes the pod of the operator's leader.
func deleteLeader(t *testing.T, options metav1.DeleteOptions) {
	t.Helper()
	leader, err := cluster.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Kube.CoreV1().Pods("hourglass-system").Delete(t.Context(), leader, options); err != nil {
		t.Fatal(err)
	}
}
