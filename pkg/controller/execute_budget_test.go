// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"strings"
	"testing"
	"time"

	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// TestCreateBudget has what may be found under the name of the budget.
func TestCreateBudget(t *testing.T) {
	p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a", UID: "a"}, Spec: v1alpha1.PerformerSpec{AVSAddress: "0x1"}}
	earlier := p.DeepCopy()
	earlier.UID = "before"
	changed := func(change func(*policyv1.PodDisruptionBudget)) *policyv1.PodDisruptionBudget {
		budget := render.Budget(p)
		budget.UID = "live"
		change(budget)
		return budget
	}
	for _, tt := range []struct {
		name    string
		live    *policyv1.PodDisruptionBudget
		refused string // the reason
	}{
		{"none", nil, ""},
		{"ours, which the cache does not show yet", changed(func(*policyv1.PodDisruptionBudget) {}), ""},
		{"ours, edited", changed(func(b *policyv1.PodDisruptionBudget) {
			b.Spec.MinAvailable, b.Spec.MaxUnavailable = nil, ptr.To(intstr.FromInt32(0))
			b.Spec.Selector.MatchLabels["x"] = "y"
			b.Spec.Selector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "z", Operator: metav1.LabelSelectorOpExists}}
			b.Spec.UnhealthyPodEvictionPolicy = nil
			delete(b.Labels, render.LabelManagedBy)
		}), ""},
		{"ours, without a selector", changed(func(b *policyv1.PodDisruptionBudget) { b.Spec.Selector = nil }), ""},
		{"ours, without its owner", changed(func(b *policyv1.PodDisruptionBudget) { b.OwnerReferences = nil }), ""},
		{"somebody else's", changed(func(b *policyv1.PodDisruptionBudget) { b.OwnerReferences, b.Labels = nil, nil }), performer.ReasonBudgetConflict},
		{"of another controller", changed(func(b *policyv1.PodDisruptionBudget) {
			b.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "x", UID: "x", Controller: ptr.To(true)}}
		}), performer.ReasonBudgetConflict},
		{"of an earlier Performer", changed(func(b *policyv1.PodDisruptionBudget) {
			b.OwnerReferences = []metav1.OwnerReference{render.ControllerReference(earlier)}
		}), performer.ReasonBudgetConflict},
		{"being deleted", changed(func(b *policyv1.PodDisruptionBudget) {
			b.DeletionTimestamp, b.Finalizers = &metav1.Time{Time: time.Unix(1, 0)}, []string{"x/y"}
		}), performer.ReasonBudgetConflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, ctx, _ := newTestController(t, Config{})
			budgets := c.kube.PolicyV1().PodDisruptionBudgets("ns")
			if tt.live != nil {
				if _, err := budgets.Create(ctx, tt.live, metav1.CreateOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			e := &execution{Controller: c, name: cache.MetaObjectToName(p), observed: performer.Observed{Performer: p}}
			err := e.executeAction(ctx, performer.CreateBudget{Budget: render.Budget(p)})
			live, getErr := budgets.Get(ctx, "performer-a", metav1.GetOptions{})
			if getErr != nil {
				t.Fatal(getErr)
			}
			if tt.refused != "" {
				refusal := (*refusal)(nil)
				if !errors.As(err, &refusal) || refusal.problem.Reason != tt.refused {
					t.Errorf("got %v", err)
				}
				if !equality.Semantic.DeepEqual(live.Spec, tt.live.Spec) || !equality.Semantic.DeepEqual(live.Labels, tt.live.Labels) ||
					!equality.Semantic.DeepEqual(live.OwnerReferences, tt.live.OwnerReferences) {
					t.Errorf("it was changed to %+v", live)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			desired := render.Budget(p)
			if !equality.Semantic.DeepEqual(live.Spec, desired.Spec) || !equality.Semantic.DeepEqual(live.Labels, desired.Labels) || !render.ControlledBy(live, p) {
				t.Errorf("got %+v", live)
			}
			if e.observed.Budget == nil || !e.changed {
				t.Error("the observation does not have the budget")
			}
		})
	}
}

func TestDeleteBudget(t *testing.T) {
	c, ctx, _ := newTestController(t, Config{})
	p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a", UID: "a"}}
	budget := render.Budget(p)
	budgets := c.kube.PolicyV1().PodDisruptionBudgets("ns")
	if _, err := budgets.Create(ctx, budget, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	e := &execution{Controller: c, name: cache.MetaObjectToName(p), observed: performer.Observed{Performer: p, Budget: budget}}
	for range 2 { // the second time it is gone
		if err := e.executeAction(ctx, performer.DeleteBudget{Live: budget}); err != nil || e.observed.Budget != nil {
			t.Errorf("got %v, budget %v", err, e.observed.Budget)
		}
	}
	if _, err := budgets.Get(ctx, budget.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
}

// TestOwnDeletionIsNoContention checks that a budget which the operator deletes and creates again and again,
// as the state of the Performer changes, is created without a delay.
func TestOwnDeletionIsNoContention(t *testing.T) {
	c, ctx, _ := newTestController(t, Config{})
	p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a", UID: "a"}}
	for i := range 3 * promptRepairs {
		e := &execution{Controller: c, name: cache.MetaObjectToName(p), observed: performer.Observed{Performer: p, Now: c.now()}}
		e.execute(ctx, []performer.Action{performer.CreateBudget{Budget: render.Budget(p)}})
		if e.observed.Budget == nil {
			t.Fatalf("not created the time %d: %+v", i+1, e.problem)
		}
		e.execute(ctx, []performer.Action{performer.DeleteBudget{Live: e.observed.Budget}})
	}
	for i := range promptRepairs + 1 {
		e := &execution{Controller: c, name: cache.MetaObjectToName(p), observed: performer.Observed{Performer: p, Now: c.now()}}
		e.execute(ctx, []performer.Action{performer.CreateBudget{Budget: render.Budget(p)}})
		if held := e.observed.Budget == nil; held != (i == promptRepairs) {
			t.Fatalf("created the time %d: %t", i+1, !held)
		} else if held {
			if e.problem == nil || e.problem.Reason != performer.ReasonContended || !strings.HasPrefix(e.problem.Message, "PodDisruptionBudget performer-a is deleted each time") {
				t.Errorf("problem %+v", e.problem)
			}
			return
		}
		if err := c.kube.PolicyV1().PodDisruptionBudgets("ns").Delete(ctx, "performer-a", metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}
