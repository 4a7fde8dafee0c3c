// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"cmp"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// Status returns the status of the Performer. problem, if not nil, is what keeps the
// operator from doing what the spec desires. The result equals the present status if there is nothing
// new to report, so a comparison of the two says whether to write.
func (a *Assessment) Status(problem *Problem) v1alpha1.PerformerStatus {
	before := &a.Performer.Status
	status := *before.DeepCopy()
	status.ObservedGeneration = a.Performer.Generation
	status.UpdateRevision = a.revision

	pod := a.reportedPod()
	setPodStatus(&status, pod)

	// Only a Service that the Performer owns may be reported.
	status.ServiceName, status.GRPCEndpoint = "", ""
	if a.Service != nil && render.ControlledBy(a.Service, a.Performer) {
		status.ServiceName = a.Service.Name
		status.GRPCEndpoint = render.Endpoint(a.Performer, a.settings.ClusterDomain, dialPort(a.Service, pod, render.GRPCPort(&a.Performer.Spec)))
	}

	desiredServes := pod != nil && pod.state == podReady && !pod.outdated()
	status.LastUpgrade = stampNotAfter(status.LastUpgrade, a.Now)
	status.PhaseTransitionTime = stampNotAfter(status.PhaseTransitionTime, a.Now)
	if startsUpgrade(before, &status) && !a.suspended() && !desiredServes && (problem == nil || problem.Kind != Terminal) {
		now := metav1Time(a.Now)
		status.LastUpgrade = &now
	}
	s := a.summarize(&status, problem)
	status.Ready = s.available
	if a.suspended() || status.FailureCount > 0 && s.upToDate && a.Now.Sub(readySince(pod.Pod)) >= failuresForgivenAfter {
		status.FailureCount = 0
	}
	setConditions(&status, s.conditions(), a.Performer.Generation, a.Now)
	if status.Phase = s.phase(); status.Phase != before.Phase {
		// If the time is missing it stays so until now: nobody knows since when the phase has been
		// what it is, and a new version of the operator must not write to every Performer to say so.
		now := metav1Time(a.Now)
		status.PhaseTransitionTime = &now
	}
	// A status of an older operator lacks these until something else changes, for the same reason.
	if before.Selector != "" || !equality.Semantic.DeepEqual(&status, before) {
		status.Replicas, status.Selector = a.replicas(), a.podSelector()
		if status.ServiceName != "" && withoutClusterIP(a.Service) == "" {
			status.ClusterIP = cmp.Or(a.Service.Spec.ClusterIP, status.ClusterIP)
		}
	}
	// The scheduler's choice is reported with the next change, and takes no write of its own.
	if !equality.Semantic.DeepEqual(&status, before) {
		status.NodeName = ""
		if pod != nil {
			status.NodeName = pod.Spec.NodeName
		}
	}
	return status
}

// startsUpgrade reports whether next is the first status with the desired revision, while another
// revision serves or has served; or the same revision, to which an upgrade returns. A spec that changed
// while the Performer was suspended is rolled out when it resumes.
func startsUpgrade(before, next *v1alpha1.PerformerStatus) bool {
	resumes := before.Phase == v1alpha1.PhaseSuspended && next.CurrentRevision != next.UpdateRevision
	return next.CurrentRevision != "" && (before.UpdateRevision != next.UpdateRevision || resumes)
}

// setPodStatus sets what the status says about the reported pod, which may be nil.
func setPodStatus(status *v1alpha1.PerformerStatus, pod *assessedPod) {
	status.RestartCount = 0
	if pod == nil {
		// The name stays until the next pod is decided on: it shows that its ordinal is used up.
		status.ReadyTime = nil
		return
	}
	if status.PodName != pod.Name {
		status.PodName, status.ReadyTime = pod.Name, nil
	}
	status.PodOrdinal = max(status.PodOrdinal, pod.ordinal)
	if c := performerContainerStatus(pod.Pod); c != nil {
		status.RestartCount = c.RestartCount
	}
	if pod.state == podReady {
		since := metav1Time(readySince(pod.Pod))
		status.ReadyTime = &since
		status.CurrentRevision = pod.revision()
		if c := performerContainer(pod.Pod); c != nil {
			status.CurrentImage = c.Image
		}
	}
}

// summarize gathers what the conditions and the phase are derived from.
func (a *Assessment) summarize(status *v1alpha1.PerformerStatus, problem *Problem) summary {
	p := a.Performer
	s := summary{
		deleting:         p.DeletionTimestamp != nil,
		problem:          problem,
		moving:           a.movingPod(),
		budgetNote:       a.budgetNote(),
		pod:              a.reportedPod(),
		desired:          a.desiredPod,
		shiftingTraffic:  len(a.outgoing) > 0,
		endpoint:         status.GRPCEndpoint,
		from:             status.CurrentRevision,
		to:               status.UpdateRevision,
		wasReady:         status.ReadyTime != nil,
		deadlineExceeded: a.deadline.exceeded() || problem != nil && a.problemLeft(problem) <= 0,
	}
	if s.problem == nil && !s.deleting {
		s.problem = cmp.Or(a.serviceTypeProblem(), a.foreignEndpoint(), a.podProblem(), a.nodeProblem())
	}
	if s.desired != nil && podConditionTrue(s.desired.Pod, corev1.PodScheduled) {
		// Worth reporting after the pod was reported as unschedulable. Otherwise it is a step like others.
		was := conditionOf(&p.Status, v1alpha1.ConditionReady)
		s.scheduled = was != nil && (was.Reason == ReasonSchedulingFailed || was.Reason == ReasonHardwareUnavailable || was.Reason == ReasonScheduled)
	}
	s.waitsFor = a.inTheWay()
	s.lostNode = a.lostNode(cmp.Or(s.waitsFor, s.pod))
	s.held = a.heldObjects(s.deleting)
	s.serving = a.servingPod(s.pod)
	s.available = s.serving != nil
	s.upToDate = s.available && !s.deleting && s.serving == s.pod && !s.pod.outdated() && s.pod.resize == resizeNone &&
		!s.shiftingTraffic && s.moving == nil && s.problem == nil && hasOurSelector(p, a.Service)
	if a.suspended() {
		a.summarizeSuspension(&s, problem)
	}
	return s
}

// metav1Time returns t truncated to the second, as the API server stores it: a finer time would differ
// from what comes back, and look like a change.
func metav1Time(t time.Time) metav1.Time {
	return metav1.NewTime(t).Rfc3339Copy()
}
