// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"strings"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
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
	serving  *assessedPod // the pod that callers reach
	waitsFor *assessedPod // the pod that must terminate first
	moving   *assessedPod // the pod that must leave its node, until its successor has the traffic
	lostNode string       // the lost node of a pod that is not replaced because of it
	held     string       // the finalizers that hold the Service or, in a deletion, the pods
	endpoint string
	// budgetNote says why a drain is not prepared as the spec demands.
	budgetNote string
	from, to   string // the revision that serves or served, and the desired one
}

func (s *summary) upgrading() bool {
	return s.from != "" && s.from != s.to || s.shiftingTraffic && s.moving == nil
}

// conditions returns the conditions in display order. setConditions adds generation and times.
func (s *summary) conditions() []metav1.Condition {
	reason, message := s.progress()
	message += s.waits()
	stalled := !s.deleting && (s.deadlineExceeded || s.problem != nil && s.problem.Kind == Terminal)
	degraded := condition(v1alpha1.ConditionDegraded, false, ReasonAsExpected, "Nothing is wrong")
	if s.problem != nil {
		reason, message = s.problem.Reason, s.problem.Message
		if s.moving != nil && reason != ReasonNodeLost && !s.deleting && s.suspended == "" {
			message += s.moving.waitingDrain()
		}
		degraded = condition(v1alpha1.ConditionDegraded, true, reason, message)
	}
	if s.deadlineExceeded && !s.deleting && (s.problem == nil || s.problem.Kind != Terminal) {
		reason, message = ReasonProgressDeadlineExceeded, "progressDeadlineSeconds exceeded: "+message
		if s.problem == nil {
			degraded = condition(v1alpha1.ConditionDegraded, true, reason, message)
		}
	}
	available := condition(v1alpha1.ConditionAvailable, false, reason, message)
	if s.available {
		state := "is ready"
		if s.serving.state == podDying {
			state = "is terminating and serves until it has drained"
		}
		available = condition(v1alpha1.ConditionAvailable, true, ReasonServiceReady,
			fmt.Sprintf("%s routes to Pod %s, which %s", s.endpoint, s.serving.Name, state))
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

// waits returns the end of the message: what the desired pod waits for, or what keeps the traffic or the pod
// in the way. A pod that starts well passes through several states within seconds, and each report is a
// write. Before the deadline it is therefore reported only where the performer container is ready and the pod
// is not, or where the pod was ready and its container is not even running: then no deadline applies.
func (s *summary) waits() string {
	switch {
	case s.deleting || s.problem != nil:
		return ""
	case s.waitsFor != nil:
		held := heldByFinalizers("Pod", s.waitsFor)
		if held == "" && s.deadlineExceeded && s.waitsFor.state == podDying {
			return "; the kubelet has not terminated it: check its node"
		}
		return held
	case s.shiftingTraffic && s.deadlineExceeded:
		return "; the EndpointSlices of the Service don't show it as ready: check the kube-controller-manager"
	case s.desired == nil || s.desired.state != podStarting || s.lostNode != "":
		return ""
	}
	c := performerContainerStatus(s.desired.Pod)
	hadBeenReady := s.wasReady && s.pod == s.desired
	if s.deadlineExceeded || c != nil && (c.Ready || hadBeenReady && c.State.Running == nil) {
		return "; " + s.desired.waitsFor()
	}
	return ""
}

// progress describes the state of the rollout, ignoring problems.
func (s *summary) progress() (reason, message string) {
	switch {
	case s.deleting:
		return ReasonTerminating, "The Performer is being deleted" + s.held
	case s.suspended != "":
		return ReasonSuspended, s.suspended
	case s.upToDate:
		return ReasonPodReady, fmt.Sprintf("Pod %s serves at %s%s", s.pod.Name, s.endpoint, s.budgetNote)
	case s.moving != nil && !s.upgrading():
		return s.move()
	case s.shiftingTraffic:
		return ReasonUpgradeInProgress, fmt.Sprintf("Moving traffic to Pod %s", s.pod.Name)
	case s.waitsFor != nil:
		reason = ReasonNoPod
		if s.upgrading() {
			reason = ReasonUpgradeInProgress
		}
		return reason, fmt.Sprintf("Waiting for Pod %s to terminate before creating its replacement (upgradeStrategy.type is Recreate)%s", s.waitsFor.Name, s.lostNode)
	case s.upgrading() && s.desired != nil:
		return ReasonUpgradeInProgress, fmt.Sprintf("Replacing revision %s with %s: waiting for Pod %s to become ready%s", s.from, s.to, s.desired.Name, s.waitingDrain())
	case s.upgrading():
		return ReasonUpgradeInProgress, fmt.Sprintf("Replacing revision %s with %s%s", s.from, s.to, s.waitingDrain())
	case s.desired != nil && s.desired.resize != resizeNone:
		return ReasonResizeInProgress, fmt.Sprintf("Resizing Pod %s in place to the requested resources", s.desired.Name)
	case s.pod == nil:
		return ReasonNoPod, "The Performer has no Pod"
	case s.pod.state == podReady:
		return ReasonNoService, fmt.Sprintf("Pod %s is ready, but the Service does not route to it yet%s", s.pod.Name, s.held)
	case s.wasReady:
		return ReasonPodUnready, fmt.Sprintf("Pod %s is no longer ready%s", s.pod.Name, s.lostNode)
	case s.scheduled:
		return ReasonScheduled, fmt.Sprintf("Pod %s is scheduled: waiting for it to become ready", s.pod.Name)
	default:
		return ReasonPodStarting, fmt.Sprintf("Waiting for Pod %s to become ready%s", s.pod.Name, s.lostNode)
	}
}

// move describes the state of a move to another node.
func (s *summary) move() (reason, message string) {
	reason = ReasonNodeDraining
	switch {
	case s.moving.lost():
		reason = ReasonNodeLost
	case s.moving.eviction != "":
		reason = ReasonEvictionRequested
	}
	switch {
	case s.shiftingTraffic && s.moving.eviction != "":
		return reason, fmt.Sprintf("Moving traffic to Pod %s: Pod %s is the target of Eviction %s", s.pod.Name, s.moving.Name, s.moving.eviction)
	case s.shiftingTraffic:
		return reason, fmt.Sprintf("Moving traffic to Pod %s: node %s of Pod %s %s", s.pod.Name, s.moving.Spec.NodeName, s.moving.Name, trimmed(s.moving.node.Why))
	}
	return reason, s.moving.moveText(s.desired)
}

// waitingDrain returns the end of a message about an upgrade: the drain or the Eviction that waits for it.
func (s *summary) waitingDrain() string {
	if s.moving == nil {
		return ""
	}
	return s.moving.waitingDrain()
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
			// The cut may split a character: drop what is left of it.
			c.Message = strings.ToValidUTF8(c.Message[:maxMessageLength], "")
		}
		c.LastTransitionTime = metav1Time(now)
		if old := conditionOf(status, c.Type); old != nil && old.Status == c.Status {
			c.LastTransitionTime = *stampNotAfter(&old.LastTransitionTime, now)
		}
	}
	status.Conditions = conditions
}
