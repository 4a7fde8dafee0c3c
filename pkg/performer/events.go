// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// An Event reports a transition.
type Event struct {
	// Type is corev1.EventTypeNormal or corev1.EventTypeWarning.
	Type string
	// Reason is one of the Reason constants.
	Reason  string
	Message string
}

// intendedOutage are the phases in which an unavailable Performer is no surprise.
var intendedOutage = []v1alpha1.PerformerPhase{v1alpha1.PhaseUpgrading, v1alpha1.PhaseSuspended, v1alpha1.PhaseTerminating}

// Events returns the events of the step from one status to the next. Two equal statuses give none.
func Events(before, after *v1alpha1.PerformerStatus) []Event {
	var events []Event
	record := func(eventType, conditionType string, want metav1.ConditionStatus, newReasonToo bool) {
		now := conditionOf(after, conditionType)
		if now == nil || now.Status != want {
			return
		}
		was := conditionOf(before, conditionType)
		if was == nil || was.Status != want || newReasonToo && was.Reason != now.Reason {
			events = append(events, Event{eventType, now.Reason, now.Message})
		}
	}
	if after.CurrentRevision != "" && !before.LastUpgrade.Equal(after.LastUpgrade) {
		message := fmt.Sprintf("Replacing revision %s with %s", after.CurrentRevision, after.UpdateRevision)
		if after.CurrentRevision == after.UpdateRevision {
			message = fmt.Sprintf("Replacing the Pod: its resources or image no longer match the spec (revision %s is unchanged)", after.CurrentRevision)
		}
		events = append(events, Event{corev1.EventTypeNormal, ReasonUpgradeInProgress, message})
	}
	if from, to := before.NodeName, after.NodeName; from != "" && to != "" && from != to && cmp.Or(movingFor(before), movingFor(after)) != "" {
		events = append(events, Event{corev1.EventTypeNormal, ReasonMoved, fmt.Sprintf("Moved from node %s to node %s before its %s: Pod %s serves",
			from, to, cmp.Or(movingFor(before), movingFor(after)), after.PodName)})
	}
	if before.Ready && !after.Ready && !slices.Contains(intendedOutage, after.Phase) && !sameProblem(before, after) {
		record(corev1.EventTypeWarning, v1alpha1.ConditionAvailable, metav1.ConditionFalse, false)
	}
	record(corev1.EventTypeWarning, v1alpha1.ConditionDegraded, metav1.ConditionTrue, true)
	record(corev1.EventTypeNormal, v1alpha1.ConditionReady, metav1.ConditionTrue, false)
	// What makes a Performer unavailable often is its problem too. One event is enough.
	return slices.CompactFunc(events, func(a, b Event) bool { return a.Message == b.Message })
}

// movingFor returns what the pod is being moved for: the drain of its node or its eviction; empty if it is
// not moved.
func movingFor(status *v1alpha1.PerformerStatus) string {
	ready := conditionOf(status, v1alpha1.ConditionReady)
	switch {
	case ready == nil:
		return ""
	case ready.Reason == ReasonNodeDraining:
		return "drain"
	case ready.Reason == ReasonEvictionRequested:
		return "eviction"
	default:
		return ""
	}
}

// sameProblem reports whether the Performer has had the same problem all along. A container that keeps
// crashing may be ready for a while after each restart; one event for all of that is enough.
func sameProblem(before, after *v1alpha1.PerformerStatus) bool {
	was, now := conditionOf(before, v1alpha1.ConditionDegraded), conditionOf(after, v1alpha1.ConditionDegraded)
	return was != nil && now != nil && was.Status == metav1.ConditionTrue && now.Status == metav1.ConditionTrue && was.Reason == now.Reason
}
