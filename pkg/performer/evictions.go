// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// An Eviction (lifecycle.k8s.io) requests that a pod terminates, for the drain of its node for instance. The
// evictionrequest-controller of Kubernetes activates its responders, one after the other. While the operator
// is the active one, the pod is displaced like one on a drained node with Surge (disruption.go), and the
// operator reports to the Eviction. Where it does not move the pod, under Recreate and with
// spec.disruption.type None, it completes at once. The next responder then evicts the pod, as it does with
// pods that were created so, which do not name the operator.

const (
	// evictionHeartbeat is how often the operator reports that an eviction is in progress. The API passes the
	// eviction on to the next responder after 20 minutes without a report.
	evictionHeartbeat = 10 * time.Minute
	// evictionUpdate is the least time between two reports, unless the second one is the last. The API allows
	// one in 20 seconds. With a minute, most evictions take two reports.
	evictionUpdate = time.Minute
)

// An EvictionReport is what the operator is to report to an Eviction as its active responder.
type EvictionReport struct {
	Live *lifecyclev1alpha1.Eviction
	// Status has the fields to set. The others stay.
	Status lifecyclev1alpha1.ResponderStatus
}

// activeResponse returns the status of the operator in an Eviction whose active responder it is, or nil if it
// must neither act nor report: its turn has not come, it has completed, or the eviction ended or was canceled.
// The API server refuses reports of a responder that is not active.
func activeResponse(e *lifecyclev1alpha1.Eviction) *lifecyclev1alpha1.ResponderStatus {
	active := slices.ContainsFunc(e.Status.TargetResponders, func(r lifecyclev1alpha1.TargetResponder) bool {
		return r.Name == render.EvictionResponder && r.State == lifecyclev1alpha1.ResponderStateActive
	})
	withdrawn := len(e.Status.Requesters) > 0 && !slices.ContainsFunc(e.Status.Requesters, func(r lifecyclev1alpha1.Requester) bool {
		return r.Intent != lifecyclev1alpha1.RequesterIntentWithdrawn
	})
	ended := apimeta.IsStatusConditionTrue(e.Status.Conditions, string(lifecyclev1alpha1.EvictionConditionFailed)) ||
		apimeta.IsStatusConditionTrue(e.Status.Conditions, string(lifecyclev1alpha1.EvictionConditionTargetEvicted))
	if !active || withdrawn || ended || e.Spec.Target.Pod == nil {
		return nil
	}
	for i := range e.Status.Responders {
		if own := &e.Status.Responders[i]; own.Name == render.EvictionResponder && own.CompletionTime == nil {
			return own
		}
	}
	return nil
}

// Evicting returns the name of the Eviction for which the operator is to move the pod; empty if there is none.
func (o *Observed) Evicting(pod *corev1.Pod) string {
	if render.Disruption(&o.Performer.Spec) == v1alpha1.NoneDisruption {
		return ""
	}
	name := ""
	for _, e := range o.Evictions {
		// There is at most one, unless the evictionrequest-controller has yet to refuse a duplicate.
		if activeResponse(e) != nil && e.Spec.Target.Pod.UID == pod.UID && (name == "" || e.Name < name) {
			name = e.Name
		}
	}
	return name
}

// evictedUnready reports whether the pod is the target of an Eviction and has no callers to move. It goes at
// once, as in a drain.
func (p *assessedPod) evictedUnready() bool { return p.eviction != "" && p.state == podStarting }

// EvictionReports returns what to report to Evictions now, and when there is more to report even if nothing
// changes; 0 means never.
func (a *Assessment) EvictionReports() (reports []EvictionReport, requeueAfter time.Duration) {
	var plan Plan
	for _, e := range a.Evictions {
		last := activeResponse(e)
		if last == nil {
			continue
		}
		next := a.responseTo(e.Spec.Target.Pod)
		if wait := a.untilReport(last, next); wait > 0 {
			plan.requeueAfter(wait)
			continue
		}
		reports = append(reports, EvictionReport{e, *a.stamped(next, last)})
		if next.CompletionTime == nil {
			plan.requeueAfter(evictionHeartbeat)
		}
	}
	return reports, plan.RequeueAfter
}

// responseTo returns the state of the eviction of a pod, without a heartbeat.
func (a *Assessment) responseTo(target *lifecyclev1alpha1.EvictionPodReference) *lifecyclev1alpha1.ResponderStatus {
	status := &lifecyclev1alpha1.ResponderStatus{Name: render.EvictionResponder}
	say := func(format string, args ...any) *lifecyclev1alpha1.ResponderStatus {
		message := fmt.Sprintf(format, args...)
		status.Message = &message
		return status
	}
	complete := func(format string, args ...any) *lifecyclev1alpha1.ResponderStatus {
		now := metav1Time(a.Now)
		status.CompletionTime = &now
		return say(format, args...)
	}
	i := slices.IndexFunc(a.Pods, func(pod *corev1.Pod) bool { return pod.UID == target.UID })
	switch {
	case i < 0 && slices.Contains(a.Leaving, target.Name):
		return say("Pod %s is terminating", target.Name)
	case i < 0:
		return complete("Pod %s has terminated, or does not belong to Performer %s", target.Name, a.Performer.Name)
	}
	switch pod := a.Pods[i]; {
	case pod.Status.Phase == corev1.PodFailed, pod.Status.Phase == corev1.PodSucceeded:
		return complete("Pod %s has terminated", pod.Name)
	case pod.DeletionTimestamp != nil:
		if pod.DeletionTimestamp.After(a.Now) {
			status.ExpectedCompletionTime = pod.DeletionTimestamp
		}
		return say("Pod %s is terminating", pod.Name)
	case a.usesRecreate():
		return complete("Pod %s is left to the next responder: spec.upgradeStrategy.type of Performer %s is Recreate", pod.Name, a.Performer.Name)
	case a.disruption() == v1alpha1.NoneDisruption:
		return complete("Pod %s is left to the next responder: spec.disruption.type of Performer %s is None", pod.Name, a.Performer.Name)
	default:
		// The conditions may quote the spec, which is not for everybody who sees the Eviction.
		return say("Pod %s serves until its successor is ready: see the condition Ready of Performer %s", pod.Name, a.Performer.Name)
	}
}

// untilReport returns how long the next report has to wait.
func (a *Assessment) untilReport(last, next *lifecyclev1alpha1.ResponderStatus) time.Duration {
	if last.HeartbeatTime == nil || next.CompletionTime != nil {
		return 0
	}
	interval := evictionHeartbeat
	if last.Message == nil || *last.Message != *next.Message {
		interval = evictionUpdate
	}
	return interval - a.Now.Sub(last.HeartbeatTime.Time)
}

// stamped sets the times of a report. The API server refuses times that are before those which the
// evictionrequest-controller or an earlier report set; that clock may be ahead of ours.
func (a *Assessment) stamped(next, last *lifecyclev1alpha1.ResponderStatus) *lifecyclev1alpha1.ResponderStatus {
	now := metav1Time(a.Now)
	for _, earlier := range []*metav1.Time{last.StartTime, last.HeartbeatTime} {
		if now.Before(earlier) {
			now = *earlier
		}
	}
	next.HeartbeatTime = &now
	if next.CompletionTime != nil {
		next.CompletionTime = &now
	}
	return next
}
