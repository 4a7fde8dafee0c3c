// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"strings"
	"testing"
	"time"

	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestPlanBudget(t *testing.T) {
	p := servingOn0(surge)
	starting := servingOn0(surge)
	starting.Status.Ready = false
	serving := observed(p, testPod(p, 0, ready(time.Hour), on("a")))
	with := func(o Observed, change func(*Observed)) Observed {
		o = budgeted(o)
		change(&o)
		return o
	}
	edited := func(change func(*policyv1.PodDisruptionBudget)) func(*Observed) {
		return func(o *Observed) { change(o.Budget) }
	}
	none := func(o *Observed) { o.Budget = nil }
	bridge := servingOn0()
	checkPlans(t, []planTest{
		{name: "Surge", o: with(serving, none), want: "create budget"},
		{name: "it exists", o: budgeted(serving)},
		{name: "not on the way to ready", o: with(observed(starting, testPod(p, 0, ready(time.Hour))), none)},
		{name: "a pod that is not ready keeps it", o: budgeted(observed(starting, testPod(p, 0)))},
		{name: "edited", o: with(serving, edited(func(b *policyv1.PodDisruptionBudget) { b.Spec.MinAvailable = ptr.To(intstr.FromInt32(0)) })), want: "patch budget"},
		{name: "without a label", o: with(serving, edited(func(b *policyv1.PodDisruptionBudget) { delete(b.Labels, render.LabelApp) })), want: "patch budget"},
		{name: "without its owner", o: with(serving, edited(func(b *policyv1.PodDisruptionBudget) { b.OwnerReferences = nil })), want: "patch budget"},
		{name: "without its owner, and not needed", want: "delete budget",
			o: with(observed(bridge, testPod(p, 0, ready(time.Hour))), func(o *Observed) { o.Budget = render.Budget(p); o.Budget.OwnerReferences = nil })},
		{name: "with a label of others", o: with(serving, edited(func(b *policyv1.PodDisruptionBudget) { b.Labels["team"] = "a" }))},
		{name: "being deleted", o: with(serving, edited(func(b *policyv1.PodDisruptionBudget) { b.DeletionTimestamp = ptr.To(metav1Time(testNow)) }))},
		{name: "being deleted, and edited", o: with(serving, edited(func(b *policyv1.PodDisruptionBudget) {
			b.DeletionTimestamp, b.Spec.MinAvailable = ptr.To(metav1Time(testNow)), nil
		}))},
		{name: "Bridge", o: with(observed(bridge, testPod(p, 0, ready(time.Hour))), none)},
		{name: "back to Bridge", o: budgeted(observed(bridge, testPod(p, 0, ready(time.Hour)))), want: "delete budget"},
		{name: "Recreate", o: budgeted(observed(servingOn0(surge, recreate), testPod(p, 0, ready(time.Hour)))), want: "delete budget"},
		{name: "another budget", o: budgeted(serving, "users")},
		{name: "another budget next to ours", o: with(serving, func(o *Observed) { o.OtherBudgets = []string{"users"} }), want: "delete budget"},
		{name: "budgets can't be read", o: with(serving, func(o *Observed) { o.Budget, o.BudgetsKnown = nil, false })},
		{name: "nodes can't be read: nobody would move the pod", o: with(serving, func(o *Observed) { o.NodesKnown = false }), want: "delete budget"},
		{name: "nodes are not read yet", o: with(serving, func(o *Observed) { o.NodesKnown, o.NodesUnread = false, true })},
		{name: "nodes are not read yet, and there is no budget", o: with(serving, func(o *Observed) { o.Budget, o.NodesKnown, o.NodesUnread = nil, false, true })},
		{name: "nodes are not read yet, and there is another budget", want: "delete budget",
			o: with(serving, func(o *Observed) { o.OtherBudgets, o.NodesKnown, o.NodesUnread = []string{"users"}, false, true })},
		{name: "nodes are not read yet, and nobody would move the pod", want: "delete budget",
			o: with(observed(bridge, testPod(p, 0, ready(time.Hour))), func(o *Observed) { o.Budget, o.NodesKnown, o.NodesUnread = render.Budget(p), false, true })},
		{name: "budgets are not read yet", o: with(serving, func(o *Observed) { o.Budget, o.BudgetsKnown, o.BudgetsUnread = nil, false, true })},
		{name: "the pod tolerates the drain: nobody would move it", want: "delete budget",
			o: with(observed(p, testPod(p, 0, ready(time.Hour), on("a"), movedFrom("a"))), func(o *Observed) { o.Nodes = map[string]Node{"a": cordoned} })},
		{name: "it tolerated a drain that is over", o: budgeted(observed(p, testPod(p, 0, ready(time.Hour), on("a"), movedFrom("a"))))},
	})
}

// TestBudgetNote checks that the condition says why Surge does not refuse evictions.
func TestBudgetNote(t *testing.T) {
	p := servingOn0(surge)
	for name, tt := range map[string]struct {
		o    Observed
		note string
	}{
		"all is well":          {budgeted(observed(p)), ""},
		"Bridge needs nothing": {observed(servingOn0()), ""},
		"no nodes":             {observed(p), "; spec.disruption.type Surge has the effect of Bridge, since the operator has no permission to get, list and watch nodes"},
		"no budgets":           {nodes(observed(p), nil), "; the operator has no permission to manage poddisruptionbudgets"},
		"nodes and budgets that are not read yet": {func() Observed {
			o := observed(p)
			o.NodesUnread, o.BudgetsUnread = true, true
			return o
		}(), ""},
		"the user's budget": {budgeted(observed(p), "mine", "ours"), "; evictions are up to the PodDisruptionBudgets mine, ours, not to one of the operator's"},
		"a drain that the pod tolerates": {func() Observed {
			o := budgeted(observed(p, testPod(p, 0, on("a"), movedFrom("a"))))
			o.Nodes = map[string]Node{"a": cordoned}
			return o
		}(), "; it was created to leave node a and was placed on node a, which is cordoned: it tolerates the drain, and is not moved again: an evicted Pod"},
	} {
		t.Run(name, func(t *testing.T) {
			o := tt.o
			pod := testPod(p, 0, ready(time.Hour))
			if len(o.Pods) > 0 {
				pod = o.Pods[0]
				ready(time.Hour)(pod)
			}
			o.Pods = append(o.Pods[:0:0], pod)
			status := statusOf(o, testSettings, nil)
			message := conditionOf(&status, v1alpha1.ConditionReady).Message
			before, after, found := strings.Cut(message, ":9090")
			if !found || !strings.HasPrefix(before, "Pod performer-x-0 serves at ") || !strings.HasPrefix(after, tt.note) || tt.note == "" && after != "" {
				t.Errorf("message %q", message)
			}
		})
	}
}
