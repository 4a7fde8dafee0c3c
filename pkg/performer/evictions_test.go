// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// evictionOf returns an Eviction of a pod. The operator was made the active responder just now.
func evictionOf(pod *corev1.Pod, change ...func(*lifecyclev1alpha1.Eviction)) *lifecyclev1alpha1.Eviction {
	started := metav1Time(testNow)
	e := &lifecyclev1alpha1.Eviction{
		ObjectMeta: metav1.ObjectMeta{Name: "drain"},
		Spec:       lifecyclev1alpha1.EvictionSpec{Target: lifecyclev1alpha1.EvictionTarget{Pod: &lifecyclev1alpha1.EvictionPodReference{Name: pod.Name, UID: pod.UID}}},
		Status: lifecyclev1alpha1.EvictionStatus{
			Requesters:       []lifecyclev1alpha1.Requester{{Name: "example.com/drainer", Intent: lifecyclev1alpha1.RequesterIntentEviction}},
			TargetResponders: []lifecyclev1alpha1.TargetResponder{{Name: render.EvictionResponder, State: lifecyclev1alpha1.ResponderStateActive}},
			Responders:       []lifecyclev1alpha1.ResponderStatus{{Name: render.EvictionResponder, StartTime: &started}},
		},
	}
	for _, f := range change {
		f(e)
	}
	return e
}

// reported makes an Eviction one to which the operator reported the message some time ago.
func reported(ago time.Duration, message string) func(*lifecyclev1alpha1.Eviction) {
	return func(e *lifecyclev1alpha1.Eviction) {
		at := metav1Time(testNow.Add(-ago))
		e.Status.Responders[0].StartTime, e.Status.Responders[0].HeartbeatTime, e.Status.Responders[0].Message = &at, &at, &message
	}
}

// inactive are the ways in which the operator must not act for an Eviction.
var inactive = map[string]func(*lifecyclev1alpha1.Eviction){
	"not its turn yet": inState(lifecyclev1alpha1.ResponderStateInactive),
	"canceled":         inState(lifecyclev1alpha1.ResponderStateCanceled),
	"interrupted":      inState(lifecyclev1alpha1.ResponderStateInterrupted),
	"completed":        inState(lifecyclev1alpha1.ResponderStateCompleted),
	"completion reported": func(e *lifecyclev1alpha1.Eviction) {
		e.Status.Responders[0].CompletionTime = e.Status.Responders[0].StartTime
	},
	"all requesters withdrew": func(e *lifecyclev1alpha1.Eviction) {
		e.Status.Requesters[0].Intent = lifecyclev1alpha1.RequesterIntentWithdrawn
	},
	"failed": func(e *lifecyclev1alpha1.Eviction) {
		e.Status.Conditions = []metav1.Condition{{Type: string(lifecyclev1alpha1.EvictionConditionFailed), Status: metav1.ConditionTrue}}
	},
	"no status of the operator": func(e *lifecyclev1alpha1.Eviction) { e.Status.Responders = nil },
	"another responder": func(e *lifecyclev1alpha1.Eviction) {
		e.Status.TargetResponders[0].Name, e.Status.Responders[0].Name = "example.com/other", "example.com/other"
	},
	"no target": func(e *lifecyclev1alpha1.Eviction) { e.Spec.Target.Pod = nil },
}

func inState(state lifecyclev1alpha1.ResponderStateType) func(*lifecyclev1alpha1.Eviction) {
	return func(e *lifecyclev1alpha1.Eviction) { e.Status.TargetResponders[0].State = state }
}

// evicting is an observation with Evictions.
func evicting(o Observed, evictions ...*lifecyclev1alpha1.Eviction) Observed {
	o.EvictionsKnown, o.Evictions = true, evictions
	return o
}

// TestPlanEviction has an Eviction of pod 0, which serves.
func TestPlanEviction(t *testing.T) {
	p, moving := servingOn0(), movingTo(1)
	old := testPod(p, 0, ready(time.Hour), on("a"))
	starting := testPod(p, 1, waitingForTraffic, on("b"))
	serving := testPod(p, 1, ready(0), on("b"))
	e := evictionOf(old)
	next := evictionOf(serving)
	none := disruption(v1alpha1.NoneDisruption)
	tests := []planTest{
		{name: "start the successor", o: evicting(observed(p, old), e), want: "record ordinal 1, create pod 1", requeueAfter: whole},
		{name: "Surge", o: evicting(observed(servingOn0(surge), old), e), want: "record ordinal 1, create pod 1", requeueAfter: whole},
		{name: "None leaves it to the next responder", o: evicting(observed(servingOn0(none), old), e)},
		{name: "Recreate too", o: evicting(observed(servingOn0(recreate), old), e)},
		{name: "a suspended Performer", o: evicting(observed(servingOn0(suspended), old), e), want: "delete performer-x-0"},
		{name: "an Eviction of an earlier pod of this name", o: evicting(observed(p, testPod(p, 0, ready(time.Hour), func(pod *corev1.Pod) { pod.UID = "later" })), e)},
		{name: "the pod was put on its node by an earlier move", o: evicting(observed(p, testPod(p, 0, ready(time.Hour), on("a"), movedFrom("a"))), e), want: "record ordinal 1, create pod 1", requeueAfter: whole},

		{name: "the successor starts", o: evicting(observed(moving, old, starting), e), requeueAfter: whole},
		{name: "the slices show the successor", o: withSlices(evicting(observed(moving, old, serving), e), "performer-x-0", "performer-x-1"), want: "delete performer-x-0"},
		{name: "the pod became unready: it goes, and the successor stays", o: evicting(observed(moving, testPod(p, 0), starting), e), want: "delete performer-x-0", requeueAfter: whole},
		{name: "it was never ready", o: evicting(observed(p, testPod(p, 0)), e), want: "delete performer-x-0"},
		{name: "the successor is evicted while it starts", o: evicting(observed(moving, old, starting), e, next), want: "delete performer-x-1", requeueAfter: whole},
		{name: "the successor is evicted: one move at a time", o: withSlices(evicting(observed(moving, old, serving), e, next), "performer-x-0", "performer-x-1"), want: "delete performer-x-0"},
		{name: "the second move", o: evicting(observed(moving, serving), next), want: "record ordinal 2, create pod 2", requeueAfter: whole},

		{name: "withdrawn before the successor is ready", o: evicting(observed(moving, old, starting)), want: "delete performer-x-1"},
		{name: "withdrawn when the successor serves: the move ends", o: withSlices(evicting(observed(moving, old, serving)), "performer-x-1"), want: "delete performer-x-0"},
	}
	for name, change := range inactive {
		tests = append(tests, planTest{name: name, o: evicting(observed(p, old), evictionOf(old, change))})
	}
	checkPlans(t, tests)
}

// TestSuccessorOfAnEvictedPod checks that a drain of the node on which it is scheduled moves it later: it may be
// the node that the Eviction did not close.
func TestSuccessorOfAnEvictedPod(t *testing.T) {
	p := servingOn0()
	old := testPod(p, 0, ready(time.Hour), on("a"))
	plan := planOf(evicting(observed(p, old), evictionOf(old)), testSettings)
	created := plan.Actions[len(plan.Actions)-1].(CreatePod).Pod
	if from, ok := created.Annotations[render.AnnotationMovedFrom]; ok || created.Labels[render.LabelServing] != "" {
		t.Errorf("moved from %q, labels %v", from, created.Labels)
	}
}

// TestEvictionResponders checks which pods name the operator, and that this changes nothing else.
func TestEvictionResponders(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*v1alpha1.Performer)
		known  bool
		want   bool
	}{
		"Bridge":              {func(*v1alpha1.Performer) {}, true, true},
		"Surge":               {surge, true, true},
		"None":                {disruption(v1alpha1.NoneDisruption), true, false},
		"Recreate":            {recreate, true, false},
		"no responder":        {func(*v1alpha1.Performer) {}, false, false},
		"no responder, Surge": {surge, false, false},
	} {
		o := observed(newPerformer(tt.change))
		without := Assess(o, testSettings).newPod(0)
		o.EvictionsKnown = tt.known
		pod := Assess(o, testSettings).newPod(0)
		got := pod.Spec.EvictionResponders
		if (len(got) == 1) != tt.want || tt.want && (got[0].Name != "hourglass.eigenlayer.io/operator" || *got[0].Priority != 10000) {
			t.Errorf("%s: responders %+v, want one: %v", name, got, tt.want)
		}
		if pod.Spec.EvictionResponders = nil; !jsonEqual(pod, without) {
			t.Errorf("%s: the pod differs in more than its responders", name)
		}
	}
}

// TestResponderIsNoChange checks that neither a pod without the operator as a responder nor one with others is
// replaced: the field can't be changed, and webhooks may set it.
func TestResponderIsNoChange(t *testing.T) {
	p := servingOn0()
	others := func(pod *corev1.Pod) {
		pod.Spec.EvictionResponders = []corev1.EvictionResponder{{Name: "example.com/other"}}
	}
	for name, pod := range map[string]*corev1.Pod{"none": testPod(p, 0, ready(0)), "others": testPod(p, 0, ready(0), others)} {
		if got := brief(planOf(evicting(observed(p, pod)), testSettings)); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if c := CopyOf(testPod(p, 0, others), p, 1, testNow); c.Spec.EvictionResponders != nil {
		t.Errorf("the copy has responders that admission added: %+v", c.Spec.EvictionResponders)
	}
}

// TestStatusOfAnEvictedPod checks what the conditions say.
func TestStatusOfAnEvictedPod(t *testing.T) {
	old := testPod(first, 0, ready(time.Hour), on("a"))
	e := evictionOf(old)
	for name, tt := range map[string]struct {
		o               Observed
		reason, message string
	}{
		"the successor is not created yet": {evicting(observed(servingOn0(), old), e), ReasonEvictionRequested,
			"Moving Pod performer-x-0, which is the target of Eviction drain: its successor is about to be created"},
		"the successor starts": {evicting(observed(movingTo(1), old, testPod(first, 1, waitingForTraffic)), e), ReasonEvictionRequested,
			"Moving Pod performer-x-0, which is the target of Eviction drain: waiting for Pod performer-x-1 to become ready"},
		"the traffic moves": {evicting(observed(movingTo(1), old, testPod(first, 1, recent, ready(0))), e), ReasonEvictionRequested,
			"Moving traffic to Pod performer-x-1: Pod performer-x-0 is the target of Eviction drain"},
		"there is no room": {evicting(observed(movingTo(1), old, testPod(first, 1, waitingForTraffic, unschedulable("0/1 nodes are available."))), e), ReasonSchedulingFailed,
			"Pod performer-x-1 is unschedulable: 0/1 nodes are available.; Eviction drain waits for this, since Pod performer-x-0 serves: to let the eviction go on without it, set spec.disruption.type to None"},
		"the node is drained too": {nodes(evicting(observed(servingOn0(surge), old), e), map[string]Node{"a": cordoned}), ReasonNodeDraining,
			"Moving Pod performer-x-0 from node a, which is cordoned: its successor is about to be created"},
	} {
		status := statusOf(tt.o, testSettings, nil)
		c := conditionOf(&status, v1alpha1.ConditionReady)
		if c.Status != metav1.ConditionFalse || c.Reason != tt.reason || c.Message != tt.message || !status.Ready {
			t.Errorf("%s: available %v, Ready %s, %s: %s", name, status.Ready, c.Status, c.Reason, c.Message)
		}
	}
}

// TestEventOfAnEviction checks that the event names what the move was for.
func TestEventOfAnEviction(t *testing.T) {
	p := movingTo(1)
	old := testPod(p, 0, ready(time.Hour), on("a"))
	p.Status = statusOf(evicting(observed(p, old, testPod(p, 1, waitingForTraffic, on("b"))), evictionOf(old)), testSettings, nil)
	after := statusOf(observed(p, testPod(p, 1, ready(0), on("b"))), testSettings, nil)
	for _, event := range Events(&p.Status, &after) {
		if event.Reason == ReasonMoved && event.Message == "Moved from node a to node b before its eviction: Pod performer-x-1 serves" {
			return
		}
	}
	t.Errorf("events %+v", Events(&p.Status, &after))
}

// TestEvictionReports checks what is reported, and when.
func TestEvictionReports(t *testing.T) {
	p, moving := servingOn0(), movingTo(1)
	old, next := testPod(p, 0, ready(time.Hour), on("a")), testPod(p, 1, waitingForTraffic)
	going := testPod(p, 0, ready(time.Hour), dying)
	const waits = "Pod performer-x-0 serves until its successor is ready: see the condition Ready of Performer x"
	none := disruption(v1alpha1.NoneDisruption)
	leaving := observed(p)
	leaving.Leaving = []string{old.Name}
	for name, tt := range map[string]struct {
		o       Observed
		change  func(*lifecyclev1alpha1.Eviction)
		want    string // the message, if there is a report
		expects bool   // a time of completion
		ends    bool
		after   time.Duration
	}{
		"it begins":                   {o: observed(moving, old, next), want: waits, after: evictionHeartbeat},
		"it goes on":                  {o: observed(moving, old, next), change: reported(2*time.Minute, waits), after: evictionHeartbeat - 2*time.Minute},
		"a heartbeat is due":          {o: observed(moving, old, next), change: reported(evictionHeartbeat, waits), want: waits, after: evictionHeartbeat},
		"the pod terminates":          {o: observed(moving, going, next), change: reported(time.Hour, waits), want: "Pod performer-x-0 is terminating", expects: true, after: evictionHeartbeat},
		"it does so soon":             {o: observed(moving, going, next), change: reported(time.Second, waits), after: evictionUpdate - time.Second},
		"it does not end in time":     {o: observed(moving, testPod(p, 0, deletedAgo(time.Hour)), next), want: "Pod performer-x-0 is terminating", after: evictionHeartbeat},
		"it is gone":                  {o: observed(moving, next), change: reported(time.Second, waits), want: "Pod performer-x-0 has terminated", ends: true},
		"it ended by itself":          {o: observed(moving, testPod(p, 0, ended(0)), next), want: "Pod performer-x-0 has terminated", ends: true},
		"of an earlier Performer":     {o: leaving, want: "Pod performer-x-0 is terminating", after: evictionHeartbeat},
		"None":                        {o: observed(servingOn0(none), old), want: "Pod performer-x-0 is left to the next responder: spec.disruption.type of Performer x is None", ends: true},
		"None, and it is going":       {o: observed(servingOn0(none), going), want: "Pod performer-x-0 is terminating", expects: true, after: evictionHeartbeat},
		"Recreate":                    {o: observed(servingOn0(recreate), old), want: "Pod performer-x-0 is left to the next responder: spec.upgradeStrategy.type of Performer x is Recreate", ends: true},
		"the server's clock is ahead": {o: observed(moving, next), change: reported(-time.Minute, waits), want: "Pod performer-x-0 has terminated", ends: true},
	} {
		t.Run(name, func(t *testing.T) {
			change := tt.change
			if change == nil {
				change = func(*lifecyclev1alpha1.Eviction) {}
			}
			e := evictionOf(old, change)
			before := e.DeepCopy()
			reports, after := Assess(evicting(tt.o, e), testSettings).EvictionReports()
			if after != tt.after || (len(reports) == 1) != (tt.want != "") || !jsonEqual(e, before) {
				t.Fatalf("%d reports, the next one after %v, want after %v", len(reports), after, tt.after)
			}
			if tt.want == "" {
				return
			}
			got := reports[0].Status
			if reports[0].Live != e || got.Name != render.EvictionResponder || !strings.HasPrefix(*got.Message, tt.want) {
				t.Errorf("the report of %s is %q", got.Name, *got.Message)
			}
			if (got.CompletionTime != nil) != tt.ends || (got.ExpectedCompletionTime != nil) != tt.expects {
				t.Errorf("completion %v, expected %v", got.CompletionTime, got.ExpectedCompletionTime)
			}
			if got.HeartbeatTime.Before(e.Status.Responders[0].StartTime) || tt.ends && !got.CompletionTime.Equal(got.HeartbeatTime) {
				t.Errorf("heartbeat %v, completion %v, start %v", got.HeartbeatTime, got.CompletionTime, e.Status.Responders[0].StartTime)
			}
		})
	}
	for name, change := range inactive {
		if reports, after := Assess(evicting(observed(moving, old, next), evictionOf(old, change)), testSettings).EvictionReports(); len(reports) > 0 || after > 0 {
			t.Errorf("%s: %s", name, fmt.Sprint(reports, after))
		}
	}
}
