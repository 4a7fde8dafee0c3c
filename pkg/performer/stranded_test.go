// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// TestEveryMoveHasADeadline has pods that can't leave a node that is drained since testNow, or whose node is
// lost since then. Each is Reconciling until the deadline, is assessed again then, and is Stalled after it, with
// the same explanation. When the node is up again, nothing of that is left.
func TestEveryMoveHasADeadline(t *testing.T) {
	const (
		waits    = "; the drain of node a, which is cordoned, waits for this"
		replaces = "; it replaces Pod performer-x-0, whose node a is not ready"
	)
	drained, lost := cordoned, dead
	drained.Since, lost.Since = testNow, testNow
	serving, gone := testPod(first, 0, ready(time.Hour), on("a")), testPod(first, 0, unreachable, on("a"))
	successor := func(change ...func(*corev1.Pod)) *corev1.Pod {
		return testPod(first, 1, append([]func(*corev1.Pod){waitingForTraffic, movedFrom("a")}, change...)...)
	}
	crashes := containerState(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off"}},
		&corev1.ContainerStateTerminated{ExitCode: 1, FinishedAt: metav1.NewTime(testNow)})
	refused := &Problem{Waiting, ReasonPodRefused, "exceeded quota"}
	for name, tt := range map[string]struct {
		change    func(*v1alpha1.Performer)
		node      Node
		pods      []*corev1.Pod
		held      string
		refused   *Problem
		available bool
		message   string
	}{
		"no room elsewhere": {surge, drained, []*corev1.Pod{serving, successor(unschedulable("0/2 nodes."))}, "", nil, true,
			"Pod performer-x-1 is unschedulable: 0/2 nodes." + waits},
		"pinned to the node by its nodeSelector": {surge, drained, []*corev1.Pod{serving, successor(unschedulable("0/2 nodes: 1 node(s) didn't match Pod's node affinity/selector."))}, "", nil, true,
			"didn't match Pod's node affinity/selector." + waits},
		"a local volume": {surge, drained, []*corev1.Pod{serving, successor(unschedulable("0/2 nodes: 1 node(s) had volume node affinity conflict."))}, "", nil, true,
			"had volume node affinity conflict." + waits},
		"a volume for one node at a time": {surge, drained, []*corev1.Pod{serving, successor(on("b"), waiting("ContainerCreating", ""), scheduled)}, "", nil, true,
			"Moving Pod performer-x-0 from node a, which is cordoned: waiting for Pod performer-x-1 to become ready"},
		"the image can't be pulled": {surge, drained, []*corev1.Pod{serving, successor(on("b"), waiting("ImagePullBackOff", "no such image"))}, "", nil, true,
			"no such image" + waits},
		"the successor crashes":         {surge, drained, []*corev1.Pod{serving, successor(on("b"), crashes)}, "", nil, true, waits},
		"the successor ended by itself": {func(p *v1alpha1.Performer) { surge(p); p.Status.FailureCount = 5 }, drained, []*corev1.Pod{serving, successor(on("b"), ended(0))}, "", nil, true, waits},
		"the successor is refused":      {surge, drained, []*corev1.Pod{serving}, "", refused, true, "exceeded quota" + waits},
		"others delete each successor": {surge, drained, []*corev1.Pod{serving}, "", nil, true,
			"Moving Pod performer-x-0 from node a, which is cordoned: its successor is about to be created"},
		"a lost node, and no room elsewhere": {nothing, lost, []*corev1.Pod{gone, successor(unschedulable("0/2 nodes."))}, "", nil, false,
			"Pod performer-x-1 is unschedulable: 0/2 nodes." + replaces},
		"a lost node, and the successor is refused": {nothing, lost, []*corev1.Pod{gone}, "", refused, false, "exceeded quota" + replaces},
		"a lost node, and failovers are held": {nothing, lost, []*corev1.Pod{gone}, "most nodes are lost", nil, false,
			"the successor of Pod performer-x-0 is not created yet: most nodes are lost"},
		"a lost node, whose pod is still ready, and failovers are held": {nothing, lost, []*corev1.Pod{serving}, "most nodes are lost", nil, true,
			"the successor of Pod performer-x-0 is not created yet: most nodes are lost"},
		"a lost node, and a pod that is not evicted": {disruption(v1alpha1.NoneDisruption), lost, []*corev1.Pod{gone}, "", nil, false,
			"Pod performer-x-0 is no longer ready; its node a is not ready"},
		"a lost node under Recreate": {recreate, lost, []*corev1.Pod{gone}, "", nil, false, "Pod performer-x-0 is no longer ready; its node a is not ready"},
	} {
		t.Run(name, func(t *testing.T) {
			p := movingTo(1, tt.change)
			p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(testNow.Add(-time.Hour))}}
			o := nodes(observed(p, tt.pods...), map[string]Node{"a": tt.node})
			o.FailoversHeld = tt.held
			for _, left := range []time.Duration{whole, time.Second, 0} {
				o.Now = testNow.Add(whole - left)
				got := statusOf(o, testSettings, tt.refused)
				ready, stalled := conditionOf(&got, v1alpha1.ConditionReady), conditionOf(&got, v1alpha1.ConditionStalled)
				if (stalled != nil) != (left == 0) || ready.Status != metav1.ConditionFalse || !strings.Contains(ready.Message, tt.message) || got.Ready != tt.available {
					t.Errorf("with %v left: stalled %v, ready %v: %s", left, stalled != nil, got.Ready, ready.Message)
				}
				if stalled != nil && (stalled.Reason != ReasonProgressDeadlineExceeded || kstatus(p, got) != "Failed") {
					t.Errorf("stalled with the reason %s, which is %s", stalled.Reason, kstatus(p, got))
				}
				if requeue := planOf(o, testSettings).RequeueAfter; left > 0 && (requeue == 0 || requeue > left) {
					t.Errorf("with %v left: requeue after %v", left, requeue)
				}
			}
			o.Nodes, o.FailoversHeld, o.Pods = nil, "", []*corev1.Pod{serving}
			if got := statusOf(o, testSettings, nil); kstatus(p, got) != "Current" {
				t.Errorf("the node is up: %s: %+v", kstatus(p, got), got.Conditions)
			}
		})
	}
}

// TestMoveBegins checks from when on the deadline of a move counts.
func TestMoveBegins(t *testing.T) {
	since := func(at time.Duration) Node {
		node := cordoned
		node.Since = testNow.Add(at)
		return node
	}
	for name, tt := range map[string]struct {
		p    *v1alpha1.Performer
		node Node
		pod  *corev1.Pod
		left time.Duration
	}{
		"the drain has just been seen":             {movingTo(1, surge), since(-time.Hour), testPod(first, 0, ready(0), on("a")), whole},
		"the Performer became unready with it":     {movingTo(1, surge, unreadySince(time.Minute)), cordoned, testPod(first, 0, ready(0), on("a")), rest},
		"it was unready before":                    {movingTo(1, surge, unreadySince(time.Hour)), since(-time.Minute), testPod(first, 0, ready(0), on("a")), rest},
		"the previous move ended a minute ago":     {movingTo(1, surge, unreadySince(time.Hour)), since(-time.Hour), testPod(first, 0, ready(0), on("a"), servingFor(time.Minute)), rest},
		"the clock of the node is ahead of ours":   {movingTo(1, surge, unreadySince(time.Minute)), since(time.Hour), testPod(first, 0, ready(0), on("a")), rest},
		"the clock behind the stamp is ahead":      {movingTo(1, surge, unreadySince(time.Minute)), cordoned, testPod(first, 0, ready(0), on("a"), servingFor(-time.Hour)), rest},
		"the Performer's condition is ahead of us": {movingTo(1, surge, unreadySince(-time.Hour)), cordoned, testPod(first, 0, ready(0), on("a")), whole},
		"it is being replaced anyway, for a minute": {movingTo(1, surge, unreadySince(time.Hour), func(p *v1alpha1.Performer) {
			p.Status.LastUpgrade = &metav1.Time{Time: testNow.Add(-time.Minute)}
		}), cordoned, testPod(first, 0, ready(0), on("a"), func(pod *corev1.Pod) { pod.Generation, pod.Spec.Containers[0].Image = 2, "other" }), rest},
	} {
		a := Assess(nodes(observed(tt.p, tt.pod), map[string]Node{"a": tt.node}), testSettings)
		if !a.deadline.applies || a.deadline.left != tt.left {
			t.Errorf("%s: %+v, want %v left", name, a.deadline, tt.left)
		}
	}
}

func nothing(*v1alpha1.Performer) {}

// scheduled makes the pod one that waits for its volumes.
func scheduled(pod *corev1.Pod) {
	setPodCondition(pod, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue})
	setPodCondition(pod, corev1.PodCondition{Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionFalse})
}
