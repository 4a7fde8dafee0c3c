// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// Fixtures of the tests about disruptions: pods on nodes that are up, being drained or lost.

var (
	cordoned = Node{State: NodeDraining, Why: "is cordoned"}
	dead     = Node{State: NodeLost, Why: "is not ready: NodeStatusUnknown: Kubelet stopped posting node status."}
)

func disruption(how v1alpha1.DisruptionType) func(*v1alpha1.Performer) {
	return func(p *v1alpha1.Performer) { p.Spec.Disruption = &v1alpha1.Disruption{Type: how} }
}

var surge = disruption(v1alpha1.SurgeDisruption)

// servingOn0 returns a Performer whose pod 0 serves, as its status says.
func servingOn0(change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	p := newPerformer(append(change, settled, status(0, "performer-x-0"))...)
	p.Status.NodeName, p.Status.Ready, p.Status.ReadyTime = "a", true, &metav1.Time{Time: testNow.Add(-time.Hour)}
	return p
}

// movingTo returns a Performer like servingOn0, for which the ordinal of a successor is recorded.
func movingTo(ordinal int32, change ...func(*v1alpha1.Performer)) *v1alpha1.Performer {
	p := servingOn0(change...)
	p.Status.PodOrdinal = ordinal
	return p
}

// on puts the pod on a node.
func on(node string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Spec.NodeName = node }
}

// unreachable makes a pod that was ready one whose node does not answer: its conditions are as the node
// controller sets them.
func unreachable(pod *corev1.Pod) {
	ready(0)(pod)
	setPodCondition(pod, corev1.PodCondition{Type: corev1.ContainersReady, Status: corev1.ConditionTrue})
	setPodCondition(pod, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse})
}

// recent makes a pod one that was created, and got the traffic, just now.
func recent(pod *corev1.Pod) {
	pod.CreationTimestamp = metav1.NewTime(testNow)
	pod.Annotations[render.AnnotationServingSince] = render.Timestamp(testNow)
}

// movedFrom marks a pod as one that was created to leave a node.
func movedFrom(node string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Annotations[render.AnnotationMovedFrom] = node }
}

// nodes is an observation of these nodes, in which no budgets are known.
func nodes(o Observed, nodes map[string]Node) Observed {
	o.NodesKnown, o.Nodes = true, nodes
	return o
}

// budgeted is an observation with budgets, among them that of the Performer if it has one.
func budgeted(o Observed, others ...string) Observed {
	o.NodesKnown, o.BudgetsKnown, o.OtherBudgets = true, true, others
	if len(others) == 0 {
		o.Budget = render.Budget(o.Performer)
	}
	return o
}
