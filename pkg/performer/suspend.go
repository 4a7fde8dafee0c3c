// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// DeletedSuspended is the reason to delete a pod whose Performer has spec.replicas 0.
const DeletedSuspended DeleteReason = "suspended"

// suspended reports whether spec.replicas is 0: the Performer keeps its Service and has no pod.
func (a *Assessment) suspended() bool {
	replicas := a.Performer.Spec.Replicas
	return replicas != nil && *replicas == 0
}

// planSuspended deletes the pods. Under BlueGreen a pod that serves drains, as in an upgrade.
func (a *Assessment) planSuspended(plan *Plan) {
	const why = "spec.replicas is 0"
	for _, p := range a.pods {
		switch {
		case p.state == podDying:
		case p.state == podReady && p.serves() && !a.usesRecreate():
			a.startDraining(plan, p, DeletedSuspended, why)
		case p.state == podReady && p.drains():
			a.endDraining(plan, p, DeletedSuspended, why)
		default:
			plan.addActions(p.deletion(DeletedSuspended, why))
		}
	}
}

// summarizeSuspension changes the summary of a suspended Performer. A problem of a pod that is about to be
// deleted is no problem of the Performer.
func (a *Assessment) summarizeSuspension(s *summary, problem *Problem) {
	s.problem = problem
	if problem == nil && !s.deleting {
		s.problem = a.foreignEndpoint()
	}
	s.suspended = a.suspension()
	s.upToDate = s.problem == nil && len(a.pods) == 0 && a.Service != nil && a.Service.DeletionTimestamp == nil && !s.deleting
}

// suspension describes the progress of the suspension.
func (a *Assessment) suspension() string {
	if next := a.inTheWay(); next != nil {
		return fmt.Sprintf("Suspending: waiting for Pod %s to terminate (spec.replicas is 0)%s", next.Name, a.lostNode(next))
	}
	return fmt.Sprintf("Suspended: spec.replicas is 0; scale to 1 to resume: kubectl scale -n %s performer/%s --replicas=1",
		a.Performer.Namespace, a.Performer.Name)
}

// replicas returns the number of pods that the scale subresource reports. As with a Deployment, pods that
// have ended or are going away don't count.
func (a *Assessment) replicas() int32 {
	var n int32
	for _, p := range a.pods {
		if p.alive() && !p.drains() {
			n++
		}
	}
	return n
}

// podSelector returns the label selector of the Performer's pods, as text.
func (a *Assessment) podSelector() string {
	return labels.SelectorFromSet(labels.Set{render.LabelPerformer: render.LabelValue(a.Performer.Name)}).String()
}
