// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

var quantity = resource.MustParse

var (
	performerA = cache.NewObjectName("ns", "a")
	patchPod   = performer.Write{Verb: performer.VerbPatch, Target: performer.Target{Kind: performer.KindPod, Name: "p"}}
)

func observedA(at time.Time, pods ...*corev1.Pod) *performer.Observed {
	return &performer.Observed{Performer: &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Generation: 1}}, Pods: pods, Now: at}
}

// TestRefusedWritesAreRetriedSlower follows a write that is refused each time.
func TestRefusedWritesAreRetriedSlower(t *testing.T) {
	a, now := newAttempts(), time.Now()
	problem := &performer.Problem{Reason: "r"}
	var waits []time.Duration
	for range 9 {
		o := observedA(now)
		waits = append(waits, a.refuse(performerA, o, patchPod, problem))
		a.settle(performerA, o, "")
		if left, got := a.wait(performerA, patchPod, now); left != waits[len(waits)-1] || got != problem {
			t.Fatalf("%v left, problem %v", left, got)
		}
		now = now.Add(waits[len(waits)-1])
		if left, _ := a.wait(performerA, patchPod, now); left > 0 {
			t.Fatalf("%v left after the delay", left)
		}
	}
	want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute, time.Minute}
	if !slices.Equal(waits, want) {
		t.Errorf("delays %v, want %v", waits, want)
	}

	o := observedA(now)
	a.consider(performerA, o, "")
	if !o.Refused[patchPod] {
		t.Error("the plan does not know of the refusal")
	}
	a.refuse(performerA, o, patchPod, problem)
	changed := observedA(now, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "new"}})
	a.consider(performerA, changed, "")
	if left, _ := a.wait(performerA, patchPod, now); left > 0 {
		t.Error("a change of the circumstances does not bring the next try forward")
	}
	edited := observedA(now)
	edited.Performer.Generation = 2
	a.consider(performerA, edited, "")
	if edited.Refused != nil || a.performers[performerA] != nil {
		t.Error("a refusal outlives a change of the spec")
	}
}

// TestRepairsThatAreUndone counts the repairs of a minute, and of the next ten.
func TestRepairsThatAreUndone(t *testing.T) {
	a, begin := newAttempts(), time.Now()
	repairs := func(from, to time.Duration) (n int) {
		for at := from; at < to; at += 100 * time.Millisecond {
			now := begin.Add(at)
			if left, _, _ := a.repairWait(performerA, "key", now); left == 0 {
				a.repaired(performerA, observedA(now), "key")
				n++
			}
		}
		return n
	}
	if n := repairs(0, time.Minute); n < 3 || n > 8 {
		t.Errorf("%d repairs in the first minute", n)
	}
	if n := repairs(time.Minute, 11*time.Minute); n > 10 {
		t.Errorf("%d repairs in the next ten minutes", n)
	}

	problem := &performer.Problem{Reason: performer.ReasonContended}
	a.contended(performerA, "key", problem)
	now := begin.Add(11 * time.Minute)
	o := observedA(now)
	if left := a.consider(performerA, o, ""); o.Contended != problem || left <= 0 || left > repairsForgottenAfter {
		t.Errorf("problem %v, requeue after %v", o.Contended, left)
	}
	o = observedA(now.Add(repairsForgottenAfter))
	if a.consider(performerA, o, ""); o.Contended != nil {
		t.Error("the problem outlives the contention")
	}
}

func TestConflictsAreQuietAtFirst(t *testing.T) {
	a, o := newAttempts(), observedA(time.Now())
	for i := range quietConflicts + 1 {
		if tooMany := a.conflict(performerA, o, patchPod); tooMany != (i == quietConflicts) {
			t.Errorf("conflict %d: too many %v", i+1, tooMany)
		}
	}
	a.succeed(performerA, patchPod)
	if a.conflict(performerA, o, patchPod) {
		t.Error("conflicts are counted across a success")
	}
}

// TestHistoryOfAnotherPerformer checks that a Performer inherits nothing from an earlier one of its name.
func TestHistoryOfAnotherPerformer(t *testing.T) {
	a, o := newAttempts(), observedA(time.Now())
	a.refuse(performerA, o, patchPod, &performer.Problem{})
	o.Performer.UID = "another"
	if a.consider(performerA, o, ""); o.Refused != nil {
		t.Error("a refusal outlives its Performer")
	}
}

// TestTrafficThatMovesToAndFro is no contention: the operator itself undoes one move by the other.
func TestTrafficThatMovesToAndFro(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}}
	serving := performer.PatchPod{Live: pod, Annotations: map[string]string{render.AnnotationServingSince: "now", render.AnnotationDrainingSince: ""}}
	draining := performer.PatchPod{Live: pod, Annotations: map[string]string{render.AnnotationServingSince: "", render.AnnotationDrainingSince: "now"}}
	servingKey, servingInverse := trafficKeys(serving)
	drainingKey, drainingInverse := trafficKeys(draining)
	if servingKey == "" || servingKey != drainingInverse || drainingKey != servingInverse || repairKey(serving) != servingKey {
		t.Errorf("keys %q, %q, inverses %q, %q", servingKey, drainingKey, servingInverse, drainingInverse)
	}
}

// TestOneOfTwoProblems reports the same one each time, so that the status does not change to and fro.
func TestOneOfTwoProblems(t *testing.T) {
	a, now := newAttempts(), time.Now()
	for _, key := range []string{"b", "a", "c"} {
		a.repaired(performerA, observedA(now), key)
		a.contended(performerA, key, &performer.Problem{Message: key})
	}
	for range 10 {
		o := observedA(now)
		if a.consider(performerA, o, ""); o.Contended == nil || o.Contended.Message != "a" {
			t.Fatalf("problem %v", o.Contended)
		}
	}
}

// TestPodsThatTheOperatorReplaces deletes each pod itself, since somebody changed it after it was ready.
func TestPodsThatTheOperatorReplaces(t *testing.T) {
	c, now := createdPods{}, time.Now()
	ready := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}}
	ready.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	for range 2 {
		c.add("p", now)
		c.next(observedA(now, ready))
		c.deleted("p")
	}
	if next, _ := c.next(observedA(now)); next.Sub(now) != firstPodDelay {
		t.Errorf("the next pod waits for %s, want %s", next.Sub(now), firstPodDelay)
	}
}

// TestPodsThatKeepBeingReplaced creates pods that don't last.
func TestPodsThatKeepBeingReplaced(t *testing.T) {
	pod := func(ready bool) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}}
		if ready {
			p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		}
		return p
	}
	now := time.Now()
	endedPod := pod(false)
	endedPod.Status.Phase = corev1.PodFailed
	for name, tt := range map[string]struct {
		created int
		seen    []*corev1.Pod // in this order, each in an observation of its own; nil is none
		want    time.Duration
	}{
		"the first replacement is not delayed": {1, []*corev1.Pod{nil}, 0},
		"the second is":                        {2, []*corev1.Pod{nil}, 10 * time.Second},
		"the third more":                       {3, []*corev1.Pod{nil}, 20 * time.Second},
		"at most five minutes":                 {20, []*corev1.Pod{nil}, maxPodDelay},
		"a pod that served and was taken away is replaced at once": {5, []*corev1.Pod{pod(true), nil}, 0},
		"a pod that ended by itself has a delay of its own":        {5, []*corev1.Pod{endedPod}, 0},
		"a pod that is ready and changed is not":                   {2, []*corev1.Pod{pod(true)}, 10 * time.Second},
	} {
		c := createdPods{}
		for range tt.created {
			c.add("p", now)
		}
		var next time.Time
		for _, p := range tt.seen {
			o := observedA(now)
			if p != nil {
				o.Pods = []*corev1.Pod{p}
			}
			next, _ = c.next(o)
		}
		if got := max(0, next.Sub(now)); got != tt.want {
			t.Errorf("%s: the next pod waits for %v, want %v", name, got, tt.want)
		}
	}
}
