// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// TestPlanDrainOfSeveralNodes has a pod that was created to leave a drained node, and is on another drained one.
// It is moved on if that node was not drained yet when the pod was placed there. Otherwise something places it
// on drained nodes, and moving it again would not end.
func TestPlanDrainOfSeveralNodes(t *testing.T) {
	p := movingTo(1, surge)
	drainedSince := func(at time.Duration) Node {
		node := cordoned
		node.Since = testNow.Add(at)
		return node
	}
	createdAgo := func(ago time.Duration) func(*corev1.Pod) {
		return func(pod *corev1.Pod) { pod.CreationTimestamp = metav1.NewTime(testNow.Add(-ago)) }
	}
	const move = "record ordinal 2, create pod 2"
	checkPlans(t, []planTest{
		{name: "the pod was not moved yet", o: nodes(observed(p, testPod(p, 1, ready(0), on("b"))), map[string]Node{"b": drainedSince(-2 * time.Hour)}),
			want: move, requeueAfter: whole},
		{name: "the node was drained after the pod was created", want: move, requeueAfter: whole,
			o: nodes(observed(p, testPod(p, 1, ready(0), on("b"), movedFrom("a"), createdAgo(time.Minute))), map[string]Node{"a": cordoned, "b": drainedSince(-time.Second)})},
		{name: "before it was created",
			o: nodes(observed(p, testPod(p, 1, ready(0), on("b"), movedFrom("a"), createdAgo(time.Minute))), map[string]Node{"a": cordoned, "b": drainedSince(-time.Hour)})},
		{name: "the node does not say since when", want: move, requeueAfter: whole,
			o: nodes(observed(p, testPod(p, 1, ready(0), on("b"), movedFrom("a"))), map[string]Node{"a": cordoned, "b": cordoned})},
		{name: "its clock is ahead", want: move, requeueAfter: whole,
			o: nodes(observed(p, testPod(p, 1, ready(0), on("b"), movedFrom("a"))), map[string]Node{"a": cordoned, "b": drainedSince(time.Hour)})},
		{name: "the pod is back on the node that it left", o: nodes(observed(p, testPod(p, 1, ready(0), on("a"), movedFrom("a"))), map[string]Node{"a": drainedSince(time.Hour)})},
		{name: "on the node that its predecessor left", o: nodes(observed(p, testPod(p, 1, ready(0), on("a"), movedFrom("b,a"))), map[string]Node{"a": cordoned, "b": cordoned})},
		{name: "the node is lost", o: nodes(observed(p, testPod(p, 1, unreachable, on("b"), movedFrom("b,a"))), map[string]Node{"a": cordoned, "b": dead}),
			want: move, requeueAfter: whole},
	})
}

// TestSuccessorRecordsWhatItLeaves checks that the nodes that a chain of moves left are forgotten once they are
// up again or gone.
func TestSuccessorRecordsWhatItLeaves(t *testing.T) {
	for name, tt := range map[string]struct {
		moved string
		nodes map[string]Node
		want  []string
	}{
		"the first move":                   {"", map[string]Node{"c": cordoned}, []string{"c"}},
		"the node before is still drained": {"b,a", map[string]Node{"a": cordoned, "c": cordoned}, []string{"c", "a"}},
		"all are":                          {"b,a", map[string]Node{"a": cordoned, "b": dead, "c": cordoned}, []string{"c", "b", "a"}},
		"none is":                          {"b,a", map[string]Node{"c": cordoned}, []string{"c"}},
		"somebody edits it":                {",c,,", map[string]Node{"c": cordoned, "": cordoned}, nil},
	} {
		p := movingTo(1, surge)
		plan := planOf(nodes(observed(p, testPod(p, 1, ready(0), on("c"), movedFrom(tt.moved))), tt.nodes), testSettings)
		var got []string
		for _, action := range plan.Actions {
			if creation, ok := action.(CreatePod); ok {
				got = MovedFrom(creation.Pod)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: the successor records %q, want %q", name, got, tt.want)
		}
	}
	if left := MovedFrom(&corev1.Pod{}); len(left) > 0 {
		t.Errorf("a pod without %s left %q", render.AnnotationMovedFrom, left)
	}
}

// TestCopyLeavesNoNode checks that the copy of a pod that was moved may itself be moved from any node.
func TestCopyLeavesNoNode(t *testing.T) {
	if left := MovedFrom(CopyOf(testPod(first, 1, movedFrom("a")), first, 2, testNow)); len(left) > 0 {
		t.Errorf("the copy was moved from %q", left)
	}
}
