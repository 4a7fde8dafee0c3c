// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"

	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// With spec.disruption.type Surge, a PodDisruptionBudget refuses the eviction of the serving pod until the
// traffic has moved to another node.

// planBudget keeps the PodDisruptionBudget that the Performer should have. It is created once the Performer
// is reported as ready: not on the way there. While the nodes or budgets could not be read yet, one that exists
// stays and none is created: the next observation may show that none is wanted.
func (a *Assessment) planBudget(plan *Plan) {
	wanted := a.disruption() == v1alpha1.SurgeDisruption && a.noBudgetBecause() == ""
	switch live := a.Budget; {
	case live == nil && wanted && a.Performer.Status.Ready && !a.NodesUnread && !a.BudgetsUnread:
		plan.addActions(CreateBudget{render.Budget(a.Performer)})
	case live == nil || live.DeletionTimestamp != nil:
	case !wanted:
		plan.addActions(DeleteBudget{live})
	case a.budgetEdited(live):
		plan.addActions(PatchBudget{live})
	}
}

// budgetEdited reports whether somebody changed the budget, its owner or the labels by which it is found.
func (a *Assessment) budgetEdited(live *policyv1.PodDisruptionBudget) bool {
	desired := render.Budget(a.Performer)
	return !render.ControlledBy(live, a.Performer) || missing(live.Labels, desired.Labels) != nil || !equality.Semantic.DeepEqual(live.Spec, desired.Spec)
}

// noBudgetBecause says why a Performer with Surge has no budget of the operator, as the end of a message;
// empty if it has one. A budget must not refuse an eviction for which the operator would not move the pod.
func (a *Assessment) noBudgetBecause() string {
	const bridged = "an evicted Pod serves on for drainSeconds while its successor starts"
	switch {
	case !a.NodesKnown && !a.NodesUnread:
		return "; spec.disruption.type Surge has the effect of Bridge, since the operator has no permission to get, list and watch nodes: " + bridged
	case !a.BudgetsKnown && !a.BudgetsUnread:
		return "; the operator has no permission to manage poddisruptionbudgets, so that it doesn't refuse evictions before the traffic has moved: " + bridged
	case len(a.OtherBudgets) > 0:
		return fmt.Sprintf("; evictions are up to the %s, not to one of the operator's", countNoun("PodDisruptionBudget", a.OtherBudgets))
	case a.trafficTarget != nil && a.movedInVain(a.trafficTarget.Pod) && a.Nodes[a.trafficTarget.Spec.NodeName].State == NodeDraining:
		node := a.trafficTarget.Spec.NodeName
		return fmt.Sprintf("; it was created to leave node %s and was placed on node %s, which %s: it tolerates the drain, and is not moved again: %s",
			MovedFrom(a.trafficTarget.Pod)[0], node, trimmed(a.Nodes[node].Why), bridged)
	}
	return ""
}

// budgetNote returns the end of the message of a Performer that is ready: why a drain is not prepared as
// Surge demands; empty if it is.
func (a *Assessment) budgetNote() string {
	if a.disruption() != v1alpha1.SurgeDisruption {
		return ""
	}
	return a.noBudgetBecause()
}

// EarlierBudget returns why the PodDisruptionBudget of this name can't be created yet, if the one that exists
// is about to go: it is being deleted, or belongs to an earlier Performer of the name; nil if it stays.
func EarlierBudget(live *policyv1.PodDisruptionBudget, p *v1alpha1.Performer) *Problem {
	switch {
	case live.DeletionTimestamp != nil:
		return &Problem{Waiting, ReasonBudgetConflict, fmt.Sprintf(
			"Waiting for PodDisruptionBudget %s to terminate before creating its replacement%s", live.Name, heldByFinalizers("PodDisruptionBudget", live))}
	case earlierOwner(live, p):
		return &Problem{Waiting, ReasonBudgetConflict, fmt.Sprintf(
			"Waiting for the garbage collector to delete PodDisruptionBudget %s of an earlier Performer of this name", live.Name)}
	default:
		return nil
	}
}

// BudgetConflict returns the problem that somebody else has a PodDisruptionBudget of the Performer's name.
// It is not Terminal: the Performer serves without one.
func BudgetConflict(name string) *Problem {
	return &Problem{Waiting, ReasonBudgetConflict, fmt.Sprintf("PodDisruptionBudget %s exists but is not owned by this Performer, and is left alone: "+
		"delete it, or create the Performer under another name", name)}
}
