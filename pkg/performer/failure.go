// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

const (
	// firstRetryDelay is how long the successor of a pod that ended by itself waits; it doubles
	// with each further one, up to maxRetryDelay.
	firstRetryDelay = 10 * time.Second
	maxRetryDelay   = 5 * time.Minute
	// failuresForgivenAfter is how long a pod must be ready for its predecessors' failures to be
	// forgotten.
	failuresForgivenAfter = 10 * time.Minute
)

// retryDelay returns how long the successor of a pod that ended by itself still has to wait. A pod
// that was evicted or preempted did not end by itself, and one of another spec says nothing about
// this one.
func retryDelay(o Observed, views []podView) time.Duration {
	var wait time.Duration
	for i := range views {
		if v := &views[i]; v.mismatch == "" && endedByItself(v) {
			wait = max(wait, retryDelayAfter(o, v))
		}
	}
	return wait
}

// retryDelayAfter returns how long the successor of that pod still has to wait.
func retryDelayAfter(o Observed, v *podView) time.Duration {
	delay := maxRetryDelay
	if n := o.Performer.Status.FailureCount; n < 5 {
		delay = firstRetryDelay << max(n, 0) // it may be older than the bound
	}
	return delay - o.Now.Sub(finishedAt(v.Pod, o.Now))
}

// nextFailureCount returns the count to record with a successor.
func nextFailureCount(p *v1alpha1.Performer, views []podView) int32 {
	for i := range views {
		if v := &views[i]; v.mismatch == "" && endedByItself(v) {
			return p.Status.FailureCount + 1
		}
	}
	if p.Status.UpdateRevision != Revision(&p.Spec) {
		return 0
	}
	return p.Status.FailureCount
}

func endedByItself(v *podView) bool {
	return v.state == podFinished && !podConditionTrue(v.Pod, corev1.DisruptionTarget)
}

// finishedAt returns when a finished pod ended, as near as its status tells. Times of a node whose
// clock is ahead of ours tell nothing: what would wait for them would wait for long.
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

// readySince returns when a ready pod became ready.
func readySince(pod *corev1.Pod) time.Time {
	if ready := podCondition(pod, corev1.PodReady); ready != nil {
		return ready.LastTransitionTime.Time
	}
	return time.Time{}
}

// planCopy keeps up what worked while what is asked for now can't run: where the pod that served
// has gone, its successor is a copy of it, made while its object still exists to be copied. That may be
// of an earlier revision, or of the same with earlier resources. It returns the pod to copy, or nil,
// and the copy if it is to be made now and not later.
func planCopy(plan *Plan, o Observed, s Settings, views []podView) (source *podView, now *CopyPod) {
	p := o.Performer
	was := p.Status.CurrentRevision
	if favoured(views) != nil || was == "" {
		return nil, nil
	}
	for i := range views {
		v := &views[i]
		switch {
		case v.revision() != was, v.mismatch == "", v.drains():
			// Neither another one, nor what is asked for, nor what has a successor already.
		case was == Revision(&p.Spec) && imageEdited(v.Pod, p.Spec.Image):
			// Nothing would tell such a copy from what is asked for.
		case v.alive():
			return nil, nil
		case source == nil || v.ordinal > source.ordinal:
			source = v
		}
	}
	if source == nil {
		return nil, nil
	}
	if wait := retryDelayAfter(o, source); wait > 0 && endedByItself(source) {
		plan.lookAgain(wait)
		return source, nil
	}
	ordinal, recorded := nextOrdinal(o)
	if !recorded {
		status := statusWithOrdinal(o, s, ordinal)
		if endedByItself(source) {
			status.FailureCount++
		}
		plan.do(WriteStatus{status})
	}
	return source, &CopyPod{Source: source.Pod, Ordinal: ordinal}
}
