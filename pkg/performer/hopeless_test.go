// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// startedAgo makes the pod one that the kubelet started the given time ago, and that has not been ready for the
// second duration: since its start if the two are the same.
func startedAgo(started, unready time.Duration) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		at := metav1.NewTime(testNow.Add(-started))
		pod.Spec.NodeName, pod.Status.StartTime, pod.CreationTimestamp = "a", &at, at
		setPodCondition(pod, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionFalse, LastTransitionTime: metav1.NewTime(testNow.Add(-unready))})
	}
}

func containersReady(pod *corev1.Pod) {
	setPodCondition(pod, corev1.PodCondition{Type: corev1.ContainersReady, Status: corev1.ConditionTrue})
}

// TestOutdatedPodThatWasNeverReady has an outdated pod that is not ready, while the desired pod does not run
// either.
func TestOutdatedPodThatWasNeverReady(t *testing.T) {
	refused := func(o Observed) Observed {
		o.Refused = map[Write]bool{{VerbCreate, Target{KindPod, "performer-x-1"}}: true}
		return o
	}
	unpatched := func(o Observed) Observed {
		o.Refused[Write{VerbPatch, Target{KindPod, "performer-x-0"}}] = true
		return o
	}
	const gives = "remove traffic from performer-x-0, delete performer-x-0"
	old := func(change ...func(*corev1.Pod)) Observed {
		return withBothPorts(observed(begun(), older(0, change...)))
	}
	next := func(o Observed, change ...func(*corev1.Pod)) Observed {
		o.Pods = append(o.Pods, testPod(first, 1, append([]func(*corev1.Pod){waitingForTraffic}, change...)...))
		return withBothPorts(o)
	}
	image := waiting("ImagePullBackOff", "no such image")
	unproved := func(change ...func(*corev1.Pod)) Observed {
		p := begun()
		p.Status.CurrentRevision = ""
		return withBothPorts(observed(p, older(0, change...)))
	}
	checkPlans(t, []planTest{
		// Its revision has served: it replaced a pod that was lost.
		{name: "its image can't be pulled, and the successor is refused", o: refused(old(startedAgo(time.Minute, time.Minute), image)),
			want: gives + ", create pod 1", requeueAfter: rest},
		{name: "its image can't be pulled, and the successor has no room", o: next(old(startedAgo(time.Minute, time.Minute), image), unschedulable("0/1 nodes")),
			want: gives, requeueAfter: rest},
		{name: "its image can't be pulled, and the successor starts: it may become ready first", o: next(old(startedAgo(time.Minute, time.Minute), image)),
			requeueAfter: rest},
		{name: "it is starting, and the successor has no room", o: next(old(startedAgo(time.Minute, time.Minute)), unschedulable("0/1 nodes")),
			requeueAfter: rest},
		{name: "it has been starting for long, and the successor has no room", o: next(old(startedAgo(whole, whole)), unschedulable("0/1 nodes")),
			want: gives, requeueAfter: rest},
		{name: "both have no room", o: next(old(unschedulable("0/1 nodes")), unschedulable("0/1 nodes")), requeueAfter: rest},
		{name: "it has no room, and the successor is refused", o: refused(old(unschedulable("0/1 nodes"))),
			want: gives + ", create pod 1", requeueAfter: rest},
		{name: "it was ready, and the successor has no room", o: next(old(startedAgo(whole, time.Minute), image), unschedulable("0/1 nodes")),
			requeueAfter: rest},
		{name: "it can't become one that drains: it would be copied", o: unpatched(refused(old(startedAgo(time.Minute, time.Minute), image))),
			want: "create pod 1", requeueAfter: rest},
		{name: "it is going away: it is not copied", o: withBothPorts(observed(begun(), older(0, startedAgo(time.Minute, time.Minute), image, draining(0), dying))),
			want: "create pod 1", requeueAfter: rest},
		// No revision has served.
		{name: "a readiness gate has never been met", o: unproved(startedAgo(time.Minute, time.Minute), containersReady),
			want: "delete performer-x-0, create pod 1", requeueAfter: rest},
		{name: "a readiness gate is no longer met", o: unproved(startedAgo(time.Minute, 30*time.Second), containersReady),
			want: "create pod 1", requeueAfter: rest},
	})
}

// TestNeverReady has the times of a kubelet that reports on a pod for the first time.
func TestNeverReady(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*corev1.Pod)
		want   bool
	}{
		"no kubelet has seen it":              {func(*corev1.Pod) {}, true},
		"it starts":                           {startedAgo(time.Hour, time.Hour), true},
		"the report was at the next second":   {startedAgo(time.Hour, time.Hour-time.Second), true},
		"it became unready":                   {startedAgo(time.Hour, time.Hour-2*time.Second), false},
		"it is ready":                         {ready(time.Hour), false},
		"it is not known when it was started": {func(pod *corev1.Pod) { unreachable(pod) }, false},
	} {
		pod := testPod(first, 0, tt.change)
		a := Assess(observed(first, pod), testSettings)
		if got := a.neverReady(a.pods[0]); got != tt.want {
			t.Errorf("%s: never ready %v", name, got)
		}
	}
}
