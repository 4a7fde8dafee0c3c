// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// defaultProgressDeadline is used when progressDeadlineSeconds is unset. It equals the CRD's default.
const defaultProgressDeadline = 600 * time.Second

// deadline is the progress deadline: the time by which the desired pod must be ready, or resized, or have left
// its node, or the pod that is in its way must have terminated.
type deadline struct {
	// applies is false once the pod has been ready: later unreadiness is a health problem, not a stalled
	// rollout.
	applies bool
	// left until the deadline; 0 or less once it has passed.
	left time.Duration
}

func (d deadline) pending() bool  { return d.applies && d.left > 0 }
func (d deadline) exceeded() bool { return d.applies && d.left <= 0 }

func (a *Assessment) progressDeadline() deadline {
	began, applies := a.progressBegan()
	if !applies || a.suspended() {
		// The node of a terminating pod may be dead, and then the wait for it would never end.
		p := a.inTheWay()
		if p == nil || p.state != podDying {
			return deadline{}
		}
		began = p.DeletionTimestamp.Time
	}
	return deadline{applies: true, left: a.progressLimit() - a.Now.Sub(notAfter(began, a.Now))}
}

// progressLimit is how long a rollout, or a problem outside of one, may last before it counts as stalled.
func (a *Assessment) progressLimit() time.Duration {
	if s := a.Performer.Spec.UpgradeStrategy; s != nil && s.ProgressDeadlineSeconds != nil {
		return time.Duration(*s.ProgressDeadlineSeconds) * time.Second
	}
	return defaultProgressDeadline
}

// problemLeft returns how long a problem that the operator has outside of a rollout, such as a refused patch,
// may still last before it counts as stalled: 0 or less once it has lasted for as long as a rollout may. A
// problem that is not reported yet has all of that time, and no problem has none.
func (a *Assessment) problemLeft(problem *Problem) time.Duration {
	if problem == nil {
		return 0
	}
	status := &a.Performer.Status
	degraded, ready := conditionOf(status, v1alpha1.ConditionDegraded), conditionOf(status, v1alpha1.ConditionReady)
	if a.deadline.applies || degraded == nil || ready == nil ||
		degraded.Status != metav1.ConditionTrue || degraded.Reason != problem.Reason || ready.Status == metav1.ConditionTrue {
		return a.progressLimit()
	}
	began := degraded.LastTransitionTime
	if began.Before(&ready.LastTransitionTime) {
		began = ready.LastTransitionTime
	}
	return a.progressLimit() - a.Now.Sub(notAfter(began.Time, a.Now))
}

// progressBegan returns the start of the rollout or resize that the deadline applies to; false if there
// is none.
func (a *Assessment) progressBegan() (time.Time, bool) {
	status := &a.Performer.Status
	ready := conditionOf(status, v1alpha1.ConditionReady)
	notReady := ready != nil && ready.Status != metav1.ConditionTrue
	switch {
	case len(a.outgoing) > 0:
		// The traffic moves once the endpoint slices show the target.
		began := a.trafficTarget.annotatedTime(render.AnnotationServingSince)
		if upgrade := status.LastUpgrade; upgrade != nil && upgrade.After(began) {
			began = upgrade.Time
		}
		return began, true
	case status.CurrentRevision == a.revision && a.stranded() != nil:
		return a.strandedSince(a.stranded()), true
	case a.trafficTarget != nil && !a.trafficTarget.outdated():
		return a.trafficTarget.resizingSince()
	case status.CurrentRevision == a.revision:
		// The revision has served already. Its pod may still be replaced, as when it can't be resized.
		began := status.LastUpgrade
		if began != nil && notReady && !began.Before(&ready.LastTransitionTime) && status.UpdateRevision == a.revision {
			return began.Time, true
		}
		if pod := a.desiredPod; pod != nil && pod.state == podStarting && (status.PodName != pod.Name || status.ReadyTime == nil) {
			// It replaces one that was lost, and has never been ready itself.
			return pod.CreationTimestamp.Time, true
		}
		return time.Time{}, false
	}
	began := a.Now
	if notReady && status.UpdateRevision == a.revision {
		began = ready.LastTransitionTime.Time
	}
	if upgrade := status.LastUpgrade; upgrade != nil && upgrade.After(began) {
		began = upgrade.Time
	}
	if pod := a.desiredPod; pod != nil && status.CurrentRevision == "" && pod.CreationTimestamp.After(began) {
		// No revision has ever served, and the spec may have been fixed since.
		began = pod.CreationTimestamp.Time
	}
	return began, true
}

// stranded returns the pod that matches the spec, and must leave its node or is on one that is lost; nil if
// there is none. Whatever it waits for, a successor or its node, may never come.
func (a *Assessment) stranded() *assessedPod {
	if moving := a.movingPod(); moving != nil && !moving.outdated() {
		return moving
	}
	p := a.desiredPod
	if p != nil && (p.lost() || p.state == podStarting && a.Nodes[p.Spec.NodeName].State == NodeLost) {
		return p
	}
	return nil
}

// strandedSince returns since when the pod has been stranded. The Performer may have been unready long before
// that, and its previous move is over. Times ahead of our clock are ignored.
func (a *Assessment) strandedSince(p *assessedPod) time.Time {
	began := a.Now
	if ready := conditionOf(&a.Performer.Status, v1alpha1.ConditionReady); ready != nil && ready.Status != metav1.ConditionTrue {
		began = ready.LastTransitionTime.Time
	}
	for _, t := range []time.Time{a.Nodes[p.Spec.NodeName].Since, p.annotatedTime(render.AnnotationServingSince)} {
		if t.After(began) && !t.After(a.Now) {
			began = t
		}
	}
	return began
}

// inTheWay returns the pod that must terminate first, the first by name: before the desired pod of Recreate is
// created, or before the Performer is suspended. It is nil if there is none.
func (a *Assessment) inTheWay() *assessedPod {
	if !a.suspended() && (!a.usesRecreate() || a.desiredPod != nil) {
		return nil
	}
	var first *assessedPod
	for _, p := range a.pods {
		// Caches list pods in any order, and the message must not vary.
		if first == nil || p.Name < first.Name {
			first = p
		}
	}
	return first
}
