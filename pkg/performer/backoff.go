// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// firstRetryDelay is how long the successor of a pod that ended by itself waits. It doubles with
	// each further one, up to maxRetryDelay.
	firstRetryDelay = 10 * time.Second
	maxRetryDelay   = 5 * time.Minute
	// failuresForgivenAfter is how long a pod must be ready before the failures of its predecessors
	// no longer count.
	failuresForgivenAfter = 10 * time.Minute
)

// retryDelay returns how long the desired pod still has to wait before it is created: because its
// predecessor ended by itself, or because its predecessors kept being replaced (Observed.NextPod). A pod
// that was evicted or preempted did not end by itself, and a pod of another spec says nothing about
// this one.
func (a *Assessment) retryDelay() time.Duration {
	wait := max(0, a.NextPod.Sub(a.Now))
	for _, p := range a.pods {
		if !p.outdated() && p.endedByItself() {
			wait = max(wait, a.retryDelayAfter(p))
		}
	}
	return wait
}

// reportedReplacements is from which replacement in a row on the pods that keep being replaced are reported,
// even while the next one starts.
const reportedReplacements = 3

// replacementProblem reports pods that kept being replaced without need, or nil.
func (a *Assessment) replacementProblem() *Problem {
	starting := a.desiredPod != nil
	switch {
	case a.NextPod.IsZero(), a.suspended(), a.podProblem() != nil, a.movingPod() != nil,
		starting && (a.CreatedPods < reportedReplacements || a.desiredPod.state == podReady):
		return nil
	}
	for _, p := range a.pods {
		if p.alive() && p.outdated() && p.revision() == a.revision {
			return &Problem{Waiting, ReasonContended, fmt.Sprintf(
				"Pod %s: %s, as on the previous Pods; the next replacement is delayed; to see who changes it, run kubectl get pod -n %s %s -o yaml --show-managed-fields",
				p.Name, p.outdatedBecause, p.Namespace, p.Name)}
		}
	}
	return &Problem{Waiting, ReasonContended, fmt.Sprintf(
		"The last Pods were changed or deleted before they were ready, so the next one is delayed; see kubectl events -n %s", a.Performer.Namespace)}
}

// retryDelayAfter returns how long the successor of this pod still has to wait.
func (a *Assessment) retryDelayAfter(p *assessedPod) time.Duration {
	delay := maxRetryDelay
	if n := a.Performer.Status.FailureCount; n < 5 {
		delay = firstRetryDelay << max(n, 0) // a stored status may predate the lower bound
	}
	return delay - a.Now.Sub(finishedAt(p.Pod, a.Now))
}

// nextFailureCount returns the failure count to record with a successor.
func (a *Assessment) nextFailureCount() int32 {
	status := &a.Performer.Status
	for _, p := range a.pods {
		if !p.outdated() && p.endedByItself() {
			return status.FailureCount + 1
		}
	}
	if status.UpdateRevision != a.revision {
		return 0
	}
	return status.FailureCount
}

func (p *assessedPod) endedByItself() bool { return EndedByItself(p.Pod) }

// EndedByItself reports whether the pod failed or completed without having been evicted or preempted.
func EndedByItself(pod *corev1.Pod) bool {
	return stateOf(pod) == podFinished && !podConditionTrue(pod, corev1.DisruptionTarget)
}

// finishedAt returns when a finished pod ended, as precisely as its status shows. Times ahead of our
// clock, from a node whose clock is wrong, are ignored: waiting for them would take long.
func finishedAt(pod *corev1.Pod, now time.Time) time.Time {
	at := pod.CreationTimestamp.Time
	later := func(t metav1.Time) {
		if t.After(at) && !t.After(now) {
			at = t.Time
		}
	}
	if ready := podCondition(pod, corev1.PodReady); ready != nil {
		later(ready.LastTransitionTime)
	}
	for _, c := range pod.Status.ContainerStatuses {
		if t := c.State.Terminated; t != nil {
			later(t.FinishedAt)
		}
	}
	return at
}
