// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"

	policyv1 "k8s.io/api/policy/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

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
