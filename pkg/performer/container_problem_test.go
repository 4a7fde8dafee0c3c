// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// restarted returns the status of a container that started the given time after its last termination, and
// has run since.
func restarted(restarts int32, gap, ran time.Duration) corev1.ContainerStatus {
	started := testNow.Add(-ran)
	return corev1.ContainerStatus{
		RestartCount: restarts,
		State:        corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(started)}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode: 1, Reason: "Error", FinishedAt: metav1.NewTime(started.Add(-gap))}},
	}
}

func TestCrashLoop(t *testing.T) {
	const minute = time.Minute
	nodeRestarted := restarted(2, 10*time.Second, 0)
	nodeRestarted.LastTerminationState.Terminated.Reason = "Unknown"
	lost := restarted(2, 10*time.Second, 0)
	lost.LastTerminationState.Terminated.FinishedAt = metav1.Time{}
	for _, tt := range []struct {
		name string
		c    corev1.ContainerStatus
		left time.Duration // 0 if it does not count as crashing
	}{
		{"never restarted", runs, 0},
		{"after the first crash", restarted(1, time.Second, 0), 0},
		{"the image was pulled slowly after the first crash", restarted(1, 20*time.Second, 0), 0},
		{"a crash long after others", restarted(7, time.Second, 0), 0},
		{"after the second crash", restarted(2, 10*time.Second, 0), 10 * minute},
		{"after the fifth crash", restarted(5, 80*time.Second, 3*minute), 7 * minute},
		{"it has nearly run long enough", restarted(9, 5*minute, 10*minute-time.Second), time.Second},
		{"it has run long enough", restarted(9, 5*minute, 10*minute), 0},
		{"the clock of the node is ahead", restarted(9, 5*minute, -time.Hour), 10 * minute},
		{"its node was restarted", nodeRestarted, 0},
		{"the runtime lost it", lost, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, kind := range []containerKind{performerKind, sidecarKind, otherKind} {
				pod := testPod(running, 0, ready(minute), own(tt.c))
				if kind != performerKind {
					pod = testPod(running, 0, ready(minute), own(runsReady), injected(kind, "agent", tt.c))
				}
				o := observed(running, pod)
				want := v1alpha1.ConditionReady + " True"
				if tt.left > 0 {
					want = v1alpha1.ConditionDegraded + " True"
				}
				status := statusOf(o, testSettings, nil)
				got := v1alpha1.ConditionReady + " " + string(conditionOf(&status, v1alpha1.ConditionReady).Status)
				if c := conditionOf(&status, v1alpha1.ConditionDegraded); c.Status == metav1.ConditionTrue && c.Reason == ReasonContainerCrashed {
					got = v1alpha1.ConditionDegraded + " True"
				}
				if got != want || !status.Ready {
					t.Errorf("kind %d: %s, want %s; available %v", kind, got, want, status.Ready)
				}
				if after := planOf(o, testSettings).RequeueAfter; after != tt.left {
					t.Errorf("kind %d: requeue after %s, want %s", kind, after, tt.left)
				}
			}
		})
	}
}

// TestCrashLoopDoesNotFlap follows a container that is ready for a while after each restart.
func TestCrashLoopDoesNotFlap(t *testing.T) {
	p := newPerformer(settled, status(0, "performer-x-0"))
	notReady := readyIs("containers with unready status: [performer]")
	backingOff := func(restarts int32) corev1.ContainerStatus {
		c := crashedWith(1)
		c.RestartCount = restarts
		return c
	}
	terminated := func(restarts int32) corev1.ContainerStatus {
		c := backingOff(restarts)
		c.State, c.LastTerminationState = c.LastTerminationState, corev1.ContainerState{}
		return c
	}
	var degradedSince metav1.Time
	events, writes := 0, 0
	for restarts := int32(2); restarts < 6; restarts++ {
		for _, pod := range []*corev1.Pod{
			testPod(p, 0, notReady, own(terminated(restarts-1))),
			testPod(p, 0, notReady, own(backingOff(restarts-1))),
			testPod(p, 0, notReady, own(restarted(restarts, 10*time.Second, 0))),
			testPod(p, 0, ready(0), own(restarted(restarts, 10*time.Second, time.Second))),
		} {
			before := p.Status
			p.Status = statusOf(observed(p, pod), testSettings, nil)
			if !jsonEqual(before, p.Status) {
				writes++
			}
			degraded := conditionOf(&p.Status, v1alpha1.ConditionDegraded)
			if degraded.Status != metav1.ConditionTrue || degraded.Reason != ReasonContainerCrashed || conditionOf(&p.Status, v1alpha1.ConditionReady).Status != metav1.ConditionFalse {
				t.Fatalf("restart %d: %s", restarts, briefConditions(p.Status.Conditions))
			}
			if p.Status.Ready != (stateOf(pod) == podReady) {
				t.Errorf("restart %d: available is %v", restarts, p.Status.Ready)
			}
			if degradedSince.IsZero() {
				degradedSince = degraded.LastTransitionTime
			}
			if !degraded.LastTransitionTime.Equal(&degradedSince) {
				t.Error("the transition time changed")
			}
			events += len(Events(&before, &p.Status))
		}
	}
	if events != 1 {
		t.Errorf("%d events, want one for the first crash", events)
	}
	// The first crash, and for each restart the count, that the pod is available, and that it no longer is.
	if want := 3 * 4; writes > want {
		t.Errorf("%d writes, want at most %d", writes, want)
	}
}
