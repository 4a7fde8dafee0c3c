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
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// TestPlanDrain has the node a cordoned, on which pod 0 serves.
func TestPlanDrain(t *testing.T) {
	p, moving := servingOn0(surge), movingTo(1, surge)
	drained := map[string]Node{"a": cordoned}
	both := map[string]Node{"a": cordoned, "b": cordoned}
	old := testPod(p, 0, ready(time.Hour), on("a"))
	serving := testPod(p, 1, ready(0), on("b"), movedFrom("a"))
	starting := testPod(p, 1, waitingForTraffic, on("b"), movedFrom("a"))
	isReady := testPod(p, 1, waitingForTraffic, ready(0), on("b"), movedFrom("a"))
	checkPlans(t, []planTest{
		{name: "start the successor", o: nodes(observed(p, old), drained), want: "record ordinal 1, create pod 1", requeueAfter: whole},
		{name: "Bridge leaves the pod to the drain", o: nodes(observed(servingOn0(), old), drained)},
		{name: "None too", o: nodes(observed(servingOn0(disruption(v1alpha1.NoneDisruption)), old), drained)},
		{name: "Recreate too", o: nodes(observed(servingOn0(surge, recreate), old), drained)},
		{name: "a pod that is not ready has no callers to move", o: nodes(observed(p, testPod(p, 0, on("a"))), drained)},
		{name: "a suspended Performer", o: nodes(observed(servingOn0(surge, suspended), testPod(p, 0, on("a"))), drained), want: "delete performer-x-0"},
		{name: "a spec that can't run", o: nodes(observed(newPerformer(surge, tee), old), drained), problem: ReasonInvalidSpec},

		{name: "the successor starts", o: nodes(observed(moving, old, starting), drained), requeueAfter: whole},
		{name: "the successor is ready", o: nodes(observed(moving, old, isReady), drained), want: "traffic to performer-x-1", requeueAfter: slicesPoll},
		{name: "both serve", o: withSlices(nodes(observed(moving, old, serving), drained), "performer-x-0"), requeueAfter: maxSlicesPoll},
		{name: "the slices show the successor", o: withSlices(nodes(observed(moving, old, serving), drained), "performer-x-0", "performer-x-1"),
			want: "delete performer-x-0"},
		{name: "the old pod became unready: the successor stays", o: nodes(observed(moving, testPod(p, 0, unreachable, on("a")), starting), drained), requeueAfter: whole},
		{name: "the old pod is gone", o: nodes(observed(moving, serving), nil)},

		{name: "uncordoned before the successor is ready", o: nodes(observed(moving, old, starting), nil), want: "delete performer-x-1"},
		{name: "uncordoned before the successor serves", o: nodes(observed(moving, old, isReady), nil), want: "delete performer-x-1"},
		{name: "uncordoned when the successor serves: the move ends", o: withSlices(nodes(observed(moving, old, serving), nil), "performer-x-1"),
			want: "delete performer-x-0"},

		{name: "the node of the successor is cordoned too: one move at a time", o: nodes(observed(moving, old, starting), both), requeueAfter: whole},
		{name: "it is ready: the first move ends", o: nodes(observed(moving, old, isReady), both), want: "traffic to performer-x-1", requeueAfter: slicesPoll},
		{name: "the second move", o: nodes(observed(moving, serving), both), want: "record ordinal 2, create pod 2", requeueAfter: whole},
		{name: "the successor tolerates the drain", o: nodes(observed(moving, testPod(p, 1, ready(0), on("a"), movedFrom("a"))), drained)},

		{name: "a pod that is being deleted does not hold up the move", want: "record ordinal 2, create pod 2", requeueAfter: whole,
			o: nodes(observed(moving, testPod(p, 0, ready(0), deletedAgo(time.Hour), on("c")), testPod(p, 1, ready(0), on("a"))), drained)},
		{name: "nor does one on a lost node", want: "record ordinal 2, create pod 2", requeueAfter: slicesPoll,
			o: withSlices(nodes(observed(moving, testPod(p, 0, unreachable, on("c")), testPod(p, 1, recent, ready(0), on("a"))), map[string]Node{"a": cordoned, "c": dead}))},

		{name: "the spec changed: the new revision's pod is the successor", o: withBothPorts(nodes(observed(upgrading(surge), older(0, ready(0), on("a"))), drained)),
			want: "record ordinal 1, create pod 1", requeueAfter: whole},
		{name: "it starts", o: withBothPorts(nodes(observed(begun(surge), older(0, ready(0), on("a")), testPod(first, 1, waitingForTraffic, on("b"))), both)),
			requeueAfter: rest},
		{name: "it is ready, on a node that is drained too", o: withBothPorts(nodes(observed(begun(surge), older(0, ready(0), on("a")),
			testPod(first, 1, waitingForTraffic, ready(0), on("b"))), both)), want: "traffic to performer-x-1", requeueAfter: slicesPoll},
	})
}

// TestPlanFailover has the node a lost, on which pod 0 served.
func TestPlanFailover(t *testing.T) {
	p, moving := servingOn0(), movingTo(1)
	lost := map[string]Node{"a": dead}
	old := testPod(p, 0, unreachable, on("a"))
	back := testPod(p, 0, ready(0), on("a"))
	starting := testPod(p, 1, on("b"), movedFrom("a"))
	serving := testPod(p, 1, ready(0), on("b"), movedFrom("a"))
	held := nodes(observed(p, old), lost)
	held.FailoversHeld = "most nodes are lost"
	heldUpgrade := withBothPorts(nodes(observed(begun(), older(0, unreachable, on("a")), testPod(first, 1, waitingForTraffic)), lost))
	heldUpgrade.FailoversHeld = "most nodes are lost"
	checkPlans(t, []planTest{
		{name: "create the successor", o: nodes(observed(p, old), lost), want: "record ordinal 1, create pod 1", requeueAfter: whole},
		{name: "the API still has the pod as ready", o: nodes(observed(p, back), lost), want: "record ordinal 1, create pod 1", requeueAfter: whole},
		{name: "Surge", o: nodes(observed(servingOn0(surge), old), lost), want: "record ordinal 1, create pod 1", requeueAfter: whole},
		{name: "None waits for the eviction", o: nodes(observed(servingOn0(disruption(v1alpha1.NoneDisruption)), old), lost), requeueAfter: whole},
		{name: "Recreate waits until the pod is gone", o: nodes(observed(servingOn0(recreate), old), lost), requeueAfter: whole},
		{name: "held: the controller syncs again when it may begin", o: held, requeueAfter: whole},
		{name: "a pod that was never ready", o: nodes(observed(p, testPod(p, 0, on("a"))), lost), want: "record ordinal 1, create pod 1", requeueAfter: whole},
		{name: "it is of no use when the node is back", o: nodes(observed(moving, testPod(p, 0, on("a")), starting), lost), want: "delete performer-x-0", requeueAfter: whole},
		{name: "nothing is deleted while no successor can be created", o: nodes(observed(servingOn0(tee), testPod(p, 0, on("a"))), lost), problem: ReasonInvalidSpec},
		{name: "the successor starts", o: nodes(observed(moving, old, starting), lost), requeueAfter: whole},
		{name: "the successor serves, and the slices show it", o: withSlices(nodes(observed(moving, old, serving), lost), "performer-x-1"),
			want: "delete performer-x-0"},
		{name: "the node of the successor is lost too", o: nodes(observed(moving, old, starting), map[string]Node{"a": dead, "b": dead}),
			want: "record ordinal 2, create pod 2", requeueAfter: whole},
		{name: "and there is another one", o: nodes(observed(movingTo(2), old, starting, testPod(p, 2)), map[string]Node{"a": dead, "b": dead}),
			want: "delete performer-x-1", requeueAfter: whole},
		{name: "the node is back, and neither pod is ready yet", o: nodes(observed(moving, old, starting), nil)},
		{name: "the node is back, and the old pod serves", o: withSlices(nodes(observed(moving, back, starting), nil), "performer-x-0"),
			want: "delete performer-x-1"},
		{name: "the node is back, and the successor serves", o: withSlices(nodes(observed(moving, back, serving), nil), "performer-x-0", "performer-x-1"),
			want: "delete performer-x-0"},
		{name: "in an upgrade: copy the pod that served", o: withBothPorts(nodes(observed(begun(), older(0, unreachable, on("a")), testPod(first, 1, waitingForTraffic)), lost)),
			want: "record ordinal 2, copy performer-x-0 to pod 2", requeueAfter: rest},
		{name: "in an upgrade, held", o: heldUpgrade, requeueAfter: rest},
		{name: "the copy starts", o: withBothPorts(nodes(observed(begun(), older(0, unreachable, on("a")), older(2), testPod(first, 1, waitingForTraffic)), lost)), requeueAfter: rest},
	})
}

// TestSuccessorOfADisplacedPod checks when the successor gets the traffic: at once if nobody else serves.
func TestSuccessorOfADisplacedPod(t *testing.T) {
	for name, tt := range map[string]struct {
		node   Node
		pod    func(*corev1.Pod)
		serves bool
	}{
		"the node is cordoned":                 {cordoned, ready(0), false},
		"the node is lost":                     {dead, unreachable, true},
		"the node is lost, the pod says ready": {dead, ready(0), true},
		"labels can't be set later":            {cordoned, ready(0), true},
	} {
		p := servingOn0(surge)
		o := nodes(observed(p, testPod(p, 0, tt.pod, on("a"))), map[string]Node{"a": tt.node})
		if name == "labels can't be set later" {
			o = refusing(o, "performer-x-0")
		}
		plan := planOf(o, testSettings)
		created, ok := plan.Actions[len(plan.Actions)-1].(CreatePod)
		if !ok {
			t.Fatalf("%s: %s", name, brief(plan))
		}
		if got := created.Pod.Labels[render.LabelServing] != ""; got != tt.serves {
			t.Errorf("%s: the successor has the serving label: %v", name, got)
		}
		if from := created.Pod.Annotations[render.AnnotationMovedFrom]; from != "a" {
			t.Errorf("%s: moved from %q", name, from)
		}
	}
}

// TestMovedPodIsDeletedAsSuch checks the reason that the metrics count and the log has.
func TestMovedPodIsDeletedAsSuch(t *testing.T) {
	p := servingOn0(surge)
	serving, successor := testPod(p, 0, ready(0), on("a")), testPod(p, 1, ready(0), on("b"))
	for name, tt := range map[string]struct {
		o   Observed
		why string
	}{
		"the node is cordoned": {nodes(observed(p, serving, successor), map[string]Node{"a": cordoned}), "node a is cordoned, and its successor is serving"},
		"it drains by its labels": {nodes(observed(p, testPod(p, 0, ready(0), on("a"), draining(time.Minute)), successor), map[string]Node{"a": cordoned}),
			"node a is cordoned, and its successor is serving"},
		"the node is lost": {nodes(observed(p, serving, successor), map[string]Node{"a": dead}), "and its successor is serving"},
		"it was not ready": {nodes(observed(p, testPod(p, 0, on("a")), testPod(p, 1)), map[string]Node{"a": dead}), "and the pod was not ready"},
	} {
		plan := planOf(withSlices(tt.o, successor.Name), testSettings)
		if deletion, ok := plan.Actions[0].(DeletePod); !ok || deletion.Reason != DeletedMoved || !strings.Contains(deletion.Why, tt.why) {
			t.Errorf("%s: %s: %+v", name, brief(plan), plan.Actions[0])
		}
	}
}

// TestStatusOfDisplacedPods checks what the conditions say about the node, and what they say to do.
func TestStatusOfDisplacedPods(t *testing.T) {
	drained, lost := map[string]Node{"a": cordoned}, map[string]Node{"a": dead}
	held := nodes(observed(servingOn0(), testPod(servingOn0(), 0, unreachable, on("a"))), lost)
	held.FailoversHeld = "3 of 4 nodes are lost, which is more likely the operator's view than the truth."
	const deadNode = "Node a is not ready: NodeStatusUnknown: Kubelet stopped posting node status"
	for name, tt := range map[string]struct {
		o               Observed
		available       bool
		degraded        bool
		phase           v1alpha1.PerformerPhase
		reason          string
		message, advice string
	}{
		"Surge starts the successor": {
			o:         nodes(observed(servingOn0(surge), testPod(first, 0, ready(time.Hour), on("a"))), drained),
			available: true, phase: v1alpha1.PhaseRunning, reason: ReasonNodeDraining,
			message: "Moving Pod performer-x-0 from node a, which is cordoned: its successor is about to be created",
		},
		"Surge waits for the successor": {
			o:         nodes(observed(movingTo(1, surge), testPod(first, 0, ready(time.Hour), on("a")), testPod(first, 1, waitingForTraffic)), drained),
			available: true, phase: v1alpha1.PhaseRunning, reason: ReasonNodeDraining,
			message: "Moving Pod performer-x-0 from node a, which is cordoned: waiting for Pod performer-x-1 to become ready",
		},
		"Surge moves the traffic": {
			o:         nodes(observed(movingTo(1, surge), testPod(first, 0, ready(time.Hour), on("a")), testPod(first, 1, recent, ready(0), on("b"))), drained),
			available: true, phase: v1alpha1.PhaseRunning, reason: ReasonNodeDraining,
			message: "Moving traffic to Pod performer-x-1: node a of Pod performer-x-0 is cordoned",
		},
		"there is no room elsewhere": {
			o: nodes(observed(movingTo(1, surge), testPod(first, 0, ready(time.Hour), on("a")),
				testPod(first, 1, waitingForTraffic, unschedulable("0/1 nodes are available: 1 node(s) were unschedulable."))), drained),
			available: true, degraded: true, phase: v1alpha1.PhaseRunning, reason: ReasonSchedulingFailed,
			message: "Pod performer-x-1 is unschedulable: 0/1 nodes are available: 1 node(s) were unschedulable.; the drain of node a, which is cordoned, waits for this",
			advice:  "set spec.disruption.type to Bridge",
		},
		"an upgrade holds up the drain": {
			o:         withBothPorts(nodes(observed(begun(surge), older(0, ready(time.Hour), on("a")), testPod(first, 1, waitingForTraffic)), drained)),
			available: true, phase: v1alpha1.PhaseUpgrading, reason: ReasonUpgradeInProgress,
			message: "waiting for Pod performer-x-1 to become ready; the drain of node a, which is cordoned, waits for this",
		},
		"a pod that is not ready is not moved": {
			o:     nodes(observed(servingOn0(surge), testPod(first, 0, on("a"))), drained),
			phase: v1alpha1.PhasePending, reason: ReasonPodUnready, message: "Pod performer-x-0 is no longer ready",
		},
		"the node is lost": {
			o:        nodes(observed(movingTo(1), testPod(first, 0, unreachable, on("a")), testPod(first, 1, recent)), lost),
			degraded: true, phase: v1alpha1.PhasePending, reason: ReasonNodeLost,
			message: deadNode + "; replacing Pod performer-x-0: waiting for Pod performer-x-1 to become ready",
		},
		"the node is lost, and the traffic moves": {
			o:         nodes(observed(movingTo(1), testPod(first, 0, unreachable, on("a")), testPod(first, 1, recent, ready(0), on("b"))), lost),
			available: true, phase: v1alpha1.PhaseRunning, reason: ReasonNodeLost,
			message: "Moving traffic to Pod performer-x-1: node a of Pod performer-x-0 is not ready",
		},
		"the node is lost, and there is no other": {
			o:        nodes(observed(movingTo(1), testPod(first, 0, unreachable, on("a")), testPod(first, 1, recent, unschedulable("0/1 nodes."))), lost),
			degraded: true, phase: v1alpha1.PhasePending, reason: ReasonSchedulingFailed,
			message: "Pod performer-x-1 is unschedulable: 0/1 nodes.; it replaces Pod performer-x-0, whose node a is not ready",
		},
		"failovers are held": {
			o: held, degraded: true, phase: v1alpha1.PhasePending, reason: ReasonFailoverHeld,
			message: deadNode + "; the successor of Pod performer-x-0 is not created yet: 3 of 4 nodes are lost, which is more likely the operator's view than the truth",
		},
		"None waits for the eviction": {
			o:     nodes(observed(servingOn0(disruption(v1alpha1.NoneDisruption)), testPod(first, 0, unreachable, on("a"))), lost),
			phase: v1alpha1.PhasePending, reason: ReasonPodUnready,
			message: "; its node a is not ready", advice: "kubectl delete pod -n ns performer-x-0",
		},
		"Recreate waits for the node": {
			o:     nodes(observed(servingOn0(recreate), testPod(first, 0, unreachable, on("a"), dying)), lost),
			phase: v1alpha1.PhasePending, reason: ReasonNoPod,
			message: "Waiting for Pod performer-x-0 to terminate before creating its replacement (upgradeStrategy.type is Recreate); its node a is not ready",
			advice:  "kubectl delete node a",
		},
		"the node of a Recreate Performer is deleted": {
			o:     nodes(observed(servingOn0(recreate), testPod(first, 0, unreachable, on("a"))), map[string]Node{"a": {State: NodeLost, Why: "does not exist", Gone: true}}),
			phase: v1alpha1.PhasePending, reason: ReasonPodUnready,
			message: "Pod performer-x-0 is no longer ready; its node a does not exist: Kubernetes deletes the Pod within a minute or two",
		},
		"a pod that drains on a lost node does not serve": {
			o:     nodes(observed(servingOn0(), testPod(first, 0, ready(time.Hour), deletedAgo(0), on("a"))), lost),
			phase: v1alpha1.PhasePending, reason: ReasonNoPod, message: "The Performer has no Pod",
		},
		"a suspended Performer waits for the node": {
			o:     nodes(observed(servingOn0(suspended), testPod(first, 0, unreachable, on("a"), dying)), lost),
			phase: v1alpha1.PhaseSuspended, reason: ReasonSuspended,
			message: "waiting for Pod performer-x-0 to terminate (spec.replicas is 0); its node a is not ready",
			advice:  "kubectl delete node a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			status := statusOf(tt.o, testSettings, nil)
			condition := conditionOf(&status, v1alpha1.ConditionReady)
			if condition.Status != metav1.ConditionFalse || condition.Reason != tt.reason ||
				!strings.Contains(condition.Message, tt.message) || !strings.Contains(condition.Message, tt.advice) {
				t.Errorf("Ready is %s, %s: %s", condition.Status, condition.Reason, condition.Message)
			}
			if status.Ready != tt.available || status.Phase != tt.phase {
				t.Errorf("ready %v, phase %s", status.Ready, status.Phase)
			}
			if degraded := conditionOf(&status, v1alpha1.ConditionDegraded); (degraded.Status == metav1.ConditionTrue) != tt.degraded {
				t.Errorf("Degraded is %s: %s", degraded.Status, degraded.Message)
			}
			if conditionOf(&status, v1alpha1.ConditionStalled) != nil {
				t.Error("it is stalled")
			}
		})
	}
}

// TestNoMoveWithoutTraffic has a pod that must leave its node, and no callers: the node of the one that serves
// is up again.
func TestNoMoveWithoutTraffic(t *testing.T) {
	p := movingTo(1, surge)
	status := statusOf(nodes(observed(p, testPod(p, 0, ready(time.Hour), on("a")), testPod(p, 1, waitingForTraffic, on("b"))), map[string]Node{"b": cordoned}), testSettings, nil)
	if ready := conditionOf(&status, v1alpha1.ConditionReady); ready.Status != metav1.ConditionTrue {
		t.Errorf("Ready is %s, %s: %s", ready.Status, ready.Reason, ready.Message)
	}
}

// TestMessageOfAMoveIsStable has two pods that must leave their nodes, in the two orders that a cache may have.
func TestMessageOfAMoveIsStable(t *testing.T) {
	p, lost := movingTo(2), map[string]Node{"a": dead, "b": dead}
	first, second, next := testPod(p, 0, unreachable, on("a")), testPod(p, 1, unreachable, on("b")), testPod(p, 2)
	var messages []string
	for _, pods := range [][]*corev1.Pod{{first, second, next}, {second, first, next}} {
		status := statusOf(nodes(observed(p, pods...), lost), testSettings, nil)
		messages = append(messages, conditionOf(&status, v1alpha1.ConditionReady).Message)
	}
	if messages[0] != messages[1] || !strings.Contains(messages[0], "replacing Pod performer-x-0") {
		t.Errorf("messages %q", messages)
	}
}

// TestRollingDrainIsNoContention has the successors of a Performer displaced one after the other, by drains and
// not by somebody who deletes or changes pods.
func TestRollingDrainIsNoContention(t *testing.T) {
	p := movingTo(3, surge)
	o := nodes(observed(p, testPod(p, 3, ready(0), on("a"))), map[string]Node{"a": cordoned})
	o.CreatedPods, o.NextPod = 3, testNow.Add(20*time.Second)
	checkPlans(t, []planTest{{name: "the next pod is delayed", o: o, requeueAfter: 20 * time.Second}})
}

// TestEventOfAMove follows the status through a move. One event names the two nodes.
func TestEventOfAMove(t *testing.T) {
	p := movingTo(1, surge)
	drained := map[string]Node{"a": cordoned}
	old, next := testPod(p, 0, ready(time.Hour), on("a")), testPod(p, 1, ready(0), on("b"))
	var moved []string
	for _, o := range []Observed{
		nodes(observed(p, old, testPod(p, 1, waitingForTraffic, on("b"))), drained),
		nodes(observed(p, old, next), drained),
		nodes(observed(p, next), nil),
	} {
		after := statusOf(o, testSettings, nil)
		for _, event := range Events(&p.Status, &after) {
			if event.Reason == ReasonMoved {
				moved = append(moved, event.Message)
			}
		}
		p.Status = after
	}
	if want := "Moved from node a to node b before its drain: Pod performer-x-1 serves"; len(moved) != 1 || moved[0] != want {
		t.Errorf("events %q, want %q", moved, want)
	}
}

// TestNodeNameTakesNoWrite checks that the node is reported with other changes only, so that neither the
// scheduling of a pod nor a new version of the operator writes a status.
func TestNodeNameTakesNoWrite(t *testing.T) {
	p := newPerformer()
	p.Status = statusOf(observed(p, testPod(p, 0)), testSettings, nil)
	scheduled := testPod(p, 0, on("a"))
	if got := statusOf(observed(p, scheduled), testSettings, nil); got.NodeName != "" || !jsonEqual(got, p.Status) {
		t.Errorf("the status changes when the pod is scheduled: node %q", got.NodeName)
	}
	ready(0)(scheduled)
	if got := statusOf(observed(p, scheduled), testSettings, nil); got.NodeName != "a" {
		t.Errorf("node %q, want that of the ready pod", got.NodeName)
	}
}
