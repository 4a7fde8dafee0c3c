// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// summary is what the conditions and the phase are derived from.
type summary struct {
	deleting         bool
	available        bool // callers get through
	upToDate         bool // the desired revision serves alone; of a suspended Performer: no pod is left
	shiftingTraffic  bool // traffic moves from one pod to another
	wasReady         bool // the reported pod has been ready
	scheduled        bool // the desired pod is scheduled, after it was reported as unschedulable
	deadlineExceeded bool // the progress deadline has passed

	// suspended says how far the suspension is; empty if the Performer is not suspended.
	suspended string

	problem  *Problem
	pod      *assessedPod // the reported pod: it serves or is about to
	desired  *assessedPod
	waitsFor string // the pod that must terminate before the desired one is created
	endpoint string
	from, to string // the revision that serves or served, and the desired one
}

func (s *summary) upgrading() bool {
	return s.from != "" && s.from != s.to || s.shiftingTraffic
}

// conditions returns the conditions in display order. setConditions adds generation and times.
func (s *summary) conditions() []metav1.Condition {
	reason, message := s.progress()
	stalled := !s.deleting && (s.deadlineExceeded || s.problem != nil && s.problem.Kind == Terminal)
	degraded := condition(v1alpha1.ConditionDegraded, false, ReasonAsExpected, "Nothing is wrong")
	if s.problem != nil && !s.deleting {
		reason, message = s.problem.Reason, s.problem.Message
		degraded = condition(v1alpha1.ConditionDegraded, true, reason, message)
	}
	if s.deadlineExceeded && !s.deleting && (s.problem == nil || s.problem.Kind != Terminal) {
		reason, message = ReasonProgressDeadlineExceeded, "progressDeadlineSeconds exceeded: "+message+s.unansweredHealthCheck()
		if s.problem == nil {
			degraded = condition(v1alpha1.ConditionDegraded, true, reason, message)
		}
	}
	available := condition(v1alpha1.ConditionAvailable, false, reason, message)
	if s.available {
		available = condition(v1alpha1.ConditionAvailable, true, ReasonServiceReady,
			fmt.Sprintf("%s routes to Pod %s, which is ready", s.endpoint, s.pod.Name))
	}
	conditions := []metav1.Condition{
		available,
		condition(v1alpha1.ConditionProgressing, !stalled, reason, message),
		degraded,
	}
	switch {
	case stalled:
		conditions = append(conditions, condition(v1alpha1.ConditionStalled, true, reason, message))
	case !s.upToDate:
		conditions = append(conditions, condition(v1alpha1.ConditionReconciling, true, reason, message))
	}
	return append(conditions, condition(v1alpha1.ConditionReady, s.upToDate, reason, message))
}

// unansweredHealthCheck explains a container that runs but is not ready. It is reported only once the
// deadline has passed.
func (s *summary) unansweredHealthCheck() string {
	if s.desired == nil || s.desired.state == podReady || s.problem != nil {
		return ""
	}
	if c := performerContainerStatus(s.desired.Pod); c == nil || c.State.Running == nil {
		return ""
	}
	port, _ := listensOn(s.desired.Pod, render.DefaultGRPCPort)
	return fmt.Sprintf("; its container is running but does not answer grpc.health.v1.Health/Check with SERVING on port %d", port)
}

// progress describes the state of the rollout, ignoring problems.
func (s *summary) progress() (reason, message string) {
	switch {
	case s.deleting:
		return ReasonTerminating, "The Performer is being deleted"
	case s.suspended != "":
		return ReasonSuspended, s.suspended
	case s.upToDate:
		return ReasonPodReady, fmt.Sprintf("Pod %s serves at %s", s.pod.Name, s.endpoint)
	case s.shiftingTraffic:
		return ReasonUpgradeInProgress, fmt.Sprintf("Moving traffic to Pod %s", s.pod.Name)
	case s.waitsFor != "":
		reason = ReasonNoPod
		if s.upgrading() {
			reason = ReasonUpgradeInProgress
		}
		return reason, fmt.Sprintf("Waiting for Pod %s to terminate before creating its replacement (upgradeStrategy.type is Recreate)", s.waitsFor)
	case s.upgrading() && s.desired != nil:
		return ReasonUpgradeInProgress, fmt.Sprintf("Replacing revision %s with %s: waiting for Pod %s to become ready", s.from, s.to, s.desired.Name)
	case s.upgrading():
		return ReasonUpgradeInProgress, fmt.Sprintf("Replacing revision %s with %s", s.from, s.to)
	case s.desired != nil && s.desired.resize != resizeNone:
		return ReasonResizeInProgress, fmt.Sprintf("Resizing Pod %s in place to the requested resources", s.desired.Name)
	case s.pod == nil:
		return ReasonNoPod, "The Performer has no Pod"
	case s.pod.state == podReady:
		return ReasonNoService, fmt.Sprintf("Pod %s is ready, but the Service does not route to it yet", s.pod.Name)
	case s.wasReady:
		return ReasonPodUnready, fmt.Sprintf("Pod %s is no longer ready", s.pod.Name)
	case s.scheduled:
		return ReasonScheduled, fmt.Sprintf("Pod %s is scheduled: waiting for it to become ready", s.pod.Name)
	default:
		return ReasonPodStarting, fmt.Sprintf("Waiting for Pod %s to become ready", s.pod.Name)
	}
}

func (s *summary) phase() v1alpha1.PerformerPhase {
	switch {
	case s.deleting:
		return v1alpha1.PhaseTerminating
	case s.suspended != "":
		return v1alpha1.PhaseSuspended
	case s.problem != nil && s.problem.Kind != Waiting && !s.available:
		return v1alpha1.PhaseFailed
	case s.upgrading():
		return v1alpha1.PhaseUpgrading
	case s.available:
		return v1alpha1.PhaseRunning
	default:
		return v1alpha1.PhasePending
	}
}

func condition(conditionType string, value bool, reason, message string) metav1.Condition {
	status := metav1.ConditionFalse
	if value {
		status = metav1.ConditionTrue
	}
	return metav1.Condition{Type: conditionType, Status: status, Reason: reason, Message: message}
}

func conditionOf(status *v1alpha1.PerformerStatus, conditionType string) *metav1.Condition {
	return apimeta.FindStatusCondition(status.Conditions, conditionType)
}

// maxMessageLength is what the CRD allows for the message of a condition.
const maxMessageLength = 32768

// setConditions replaces the conditions. Each keeps its transition time unless its status changes.
func setConditions(status *v1alpha1.PerformerStatus, conditions []metav1.Condition, generation int64, now time.Time) {
	for i := range conditions {
		c := &conditions[i]
		c.ObservedGeneration = generation
		if len(c.Message) > maxMessageLength {
			c.Message = c.Message[:maxMessageLength]
		}
		c.LastTransitionTime = metav1Time(now)
		if old := conditionOf(status, c.Type); old != nil && old.Status == c.Status {
			c.LastTransitionTime = old.LastTransitionTime
		}
	}
	status.Conditions = conditions
}
