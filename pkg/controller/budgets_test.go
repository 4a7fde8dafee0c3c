// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func TestSelectorOf(t *testing.T) {
	labels := map[string]string{"a": "1", "b": "2"}
	for _, tt := range []struct {
		name     string
		selector *metav1.LabelSelector
		want     bool
	}{
		{"none", nil, false},
		{"empty", &metav1.LabelSelector{}, true},
		{"labels", &metav1.LabelSelector{MatchLabels: map[string]string{"a": "1"}}, true},
		{"another value", &metav1.LabelSelector{MatchLabels: map[string]string{"a": "1", "b": "1"}}, false},
		{"a label that is absent", &metav1.LabelSelector{MatchLabels: map[string]string{"c": ""}}, false},
		{"an expression", &metav1.LabelSelector{MatchLabels: map[string]string{"a": "1"}, MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "c", Operator: metav1.LabelSelectorOpDoesNotExist}}}, true},
		{"an invalid expression", &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "c", Operator: "Nor"}}}, false},
	} {
		if got := selectorOf(&policyv1.PodDisruptionBudget{Spec: policyv1.PodDisruptionBudgetSpec{Selector: tt.selector}})(labels); got != tt.want {
			t.Errorf("%s: got %t", tt.name, got)
		}
	}
}

// TestObserveBudgets has budgets of every owner in the namespace of a Performer.
func TestObserveBudgets(t *testing.T) {
	p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a", UID: "a"}, Spec: v1alpha1.PerformerSpec{AVSAddress: "0x1"}}
	earlier, other := p.DeepCopy(), p.DeepCopy()
	earlier.UID, other.Name, other.UID = "before", "b", "b"
	all := func(name string, change func(*policyv1.PodDisruptionBudget)) *policyv1.PodDisruptionBudget {
		budget := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name}, Spec: policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{}}}
		change(budget)
		return budget
	}
	own := render.Budget(p)
	orphan := render.Budget(p)
	orphan.OwnerReferences = nil
	for _, tt := range []struct {
		name    string
		budgets []*policyv1.PodDisruptionBudget
		own     bool
		others  []string
	}{
		{"none", nil, false, nil},
		{"ours", []*policyv1.PodDisruptionBudget{own, render.Budget(other)}, true, nil},
		{"of an earlier Performer", []*policyv1.PodDisruptionBudget{render.Budget(earlier)}, false, nil},
		{"ours without its owner", []*policyv1.PodDisruptionBudget{orphan}, true, nil},
		{"others", []*policyv1.PodDisruptionBudget{
			own, all("z", func(*policyv1.PodDisruptionBudget) {}), all("y", func(*policyv1.PodDisruptionBudget) {}),
			all("elsewhere", func(b *policyv1.PodDisruptionBudget) { b.Namespace = "other" }),
			all("selects nothing", func(b *policyv1.PodDisruptionBudget) { b.Spec.Selector = nil }),
		}, true, []string{"y", "z"}},
		{"a stranger of our name", []*policyv1.PodDisruptionBudget{all(own.Name, func(*policyv1.PodDisruptionBudget) {})}, false, []string{own.Name}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, ctx, _ := newTestController(t, Config{})
			caches := c.caches[metav1.NamespaceAll]
			observed := func() performer.Observed {
				o := performer.Observed{Performer: p, Pods: []*corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Labels: render.CommonLabels(p)}}}}
				if err := observeBudgets(caches, &o); err != nil {
					t.Fatal(err)
				}
				return o
			}
			if o := observed(); o.BudgetsKnown {
				t.Error("known without the permission")
			}
			c.Allow(Access{Budgets: []string{metav1.NamespaceAll}})
			caches.budgets.startIfAllowed(ctx)
			if !cache.WaitForCacheSync(ctx.Done(), caches.budgets.complete) {
				t.Fatal("not synced")
			}
			for _, budget := range tt.budgets {
				if err := caches.budgets.GetStore().Add(budget); err != nil {
					t.Fatal(err)
				}
			}
			if o := observed(); !o.BudgetsKnown || (o.Budget != nil) != tt.own || !slices.Equal(o.OtherBudgets, tt.others) {
				t.Errorf("known %t, own %v, others %q", o.BudgetsKnown, o.Budget, o.OtherBudgets)
			}
		})
	}
}

// TestBudgetEvents checks that a change queues the Performers that it concerns, and the status of a budget
// none.
func TestBudgetEvents(t *testing.T) {
	c, _, _ := newTestController(t, Config{})
	p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a", UID: "a"}}
	caches := c.caches[metav1.NamespaceAll]
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: "performer-a-0", Labels: map[string]string{"app": "x"}, OwnerReferences: []metav1.OwnerReference{render.ControllerReference(p)},
	}}
	if err := caches.pods.GetIndexer().Add(pod); err != nil {
		t.Fatal(err)
	}
	handler := c.budgetEvents(caches)
	own := render.Budget(p)
	foreign := &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "x", Generation: 1}, Spec: policyv1.PodDisruptionBudgetSpec{Selector: &metav1.LabelSelector{MatchLabels: pod.Labels}}}
	status, edited := foreign.DeepCopy(), foreign.DeepCopy()
	status.ResourceVersion = "2"
	edited.Generation, edited.Spec.Selector = 2, nil
	unrelated := foreign.DeepCopy()
	unrelated.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "y"}}
	released := own.DeepCopy()
	released.OwnerReferences = nil
	for _, tt := range []struct {
		name  string
		event func()
		want  bool
	}{
		{"ours is deleted", func() { handler.OnDelete(own) }, true},
		{"ours loses its owner", func() { handler.OnUpdate(own, released) }, true},
		{"one that selects the pod", func() { handler.OnAdd(foreign, false) }, true},
		{"one that does not", func() { handler.OnAdd(unrelated, false) }, false},
		{"one that selected the pod", func() { handler.OnUpdate(foreign, edited) }, true},
		{"a status", func() { handler.OnUpdate(foreign, status) }, false},
	} {
		tt.event()
		if got := c.queue.Len() > 0; got != tt.want {
			t.Errorf("%s: queued %t", tt.name, got)
		}
		for c.queue.Len() > 0 {
			name, _ := c.queue.Get()
			c.queue.Done(name)
		}
	}
}
