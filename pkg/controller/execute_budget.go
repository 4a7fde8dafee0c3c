// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// createBudget creates the PodDisruptionBudget. One of its name that has our labels and no controller lost
// its owner reference, which is restored. Any other is somebody else's.
func (e *execution) createBudget(ctx context.Context, budget *policyv1.PodDisruptionBudget) error {
	budgets := e.kube.PolicyV1().PodDisruptionBudgets(budget.Namespace)
	created, err := budgets.Create(ctx, budget, metav1.CreateOptions{})
	if err == nil {
		klog.FromContext(ctx).Info("Created PodDisruptionBudget", "budget", created.Name)
		e.recordWrite(kindBudget, created)
		e.setBudget(created)
		return nil
	}
	if !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating PodDisruptionBudget %s: %w", budget.Name, err)
	}
	live, err := budgets.Get(ctx, budget.Name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("reading PodDisruptionBudget %s: %w", budget.Name, err)
	}
	p := e.observed.Performer
	if earlier := performer.EarlierBudget(live, p); earlier != nil {
		return &refusal{earlier}
	}
	if render.ControlledBy(live, p) || performer.IsOrphan(live, p) {
		return e.patchBudget(ctx, live)
	}
	return &refusal{performer.BudgetConflict(live.Name)}
}

// patchBudget restores the spec, the labels and the owner of the PodDisruptionBudget.
func (e *execution) patchBudget(ctx context.Context, live *policyv1.PodDisruptionBudget) error {
	p := e.observed.Performer
	desired := render.Budget(p)
	meta := fencedMeta(live)
	setKeys(meta, "labels", desired.Labels)
	if !render.ControlledBy(live, p) {
		meta["ownerReferences"] = withController(live, p)
	}
	matchLabels := map[string]any{}
	if live.Spec.Selector != nil {
		for key := range live.Spec.Selector.MatchLabels {
			matchLabels[key] = nil
		}
	}
	for key, value := range desired.Spec.Selector.MatchLabels {
		matchLabels[key] = value
	}
	body := map[string]any{"metadata": meta, "spec": map[string]any{
		"minAvailable":               desired.Spec.MinAvailable,
		"maxUnavailable":             nil,
		"unhealthyPodEvictionPolicy": desired.Spec.UnhealthyPodEvictionPolicy,
		"selector":                   map[string]any{"matchLabels": matchLabels, "matchExpressions": nil},
	}}
	patched, err := patch(ctx, e.kube.PolicyV1().PodDisruptionBudgets(live.Namespace).Patch, live.Name, body)
	if gone(err) {
		// Its deletion event triggers the next sync.
		e.setBudget(nil)
		return nil
	}
	if err != nil {
		return fmt.Errorf("patching PodDisruptionBudget %s: %w", live.Name, err)
	}
	e.recordWrite(kindBudget, patched)
	e.setBudget(patched)
	return nil
}

func (e *execution) deleteBudget(ctx context.Context, live *policyv1.PodDisruptionBudget) error {
	err := e.kube.PolicyV1().PodDisruptionBudgets(live.Namespace).Delete(ctx, live.Name, fencedDelete(live))
	if err != nil && !gone(err) {
		return fmt.Errorf("deleting PodDisruptionBudget %s: %w", live.Name, err)
	}
	e.setBudget(nil)
	return nil
}

// setBudget replaces the observed PodDisruptionBudget after a write.
func (e *execution) setBudget(budget *policyv1.PodDisruptionBudget) {
	e.observed.Budget = budget
	e.changed = true
}
