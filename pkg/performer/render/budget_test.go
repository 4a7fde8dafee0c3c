// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// TestBudget checks that the budget holds the pod that serves, and no other pod.
func TestBudget(t *testing.T) {
	p := newPerformer()
	budget := Budget(p)
	if budget.Name != "performer-"+p.Name || budget.Namespace != p.Namespace {
		t.Errorf("named %s/%s", budget.Namespace, budget.Name)
	}
	if !ControlledBy(budget, p) {
		t.Errorf("owners %v: not controlled by the Performer", budget.OwnerReferences)
	}
	if budget.Labels[LabelApp] != AppName || budget.Labels[LabelManagedBy] != ManagedBy {
		t.Errorf("labels %v: not watched", budget.Labels)
	}
	if m := budget.Spec.MinAvailable; m == nil || *m != intstr.FromInt32(1) || budget.Spec.MaxUnavailable != nil {
		t.Errorf("minAvailable %v, maxUnavailable %v: want the integer 1 only", m, budget.Spec.MaxUnavailable)
	}
	if policy := budget.Spec.UnhealthyPodEvictionPolicy; policy == nil || *policy != policyv1.AlwaysAllow {
		t.Errorf("unhealthyPodEvictionPolicy %v", policy)
	}
	selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
	if err != nil {
		t.Fatal(err)
	}
	pod := PodLabels(p, "abc")
	if selector.Matches(labels.Set(pod)) {
		t.Error("selects a pod that does not serve")
	}
	pod[LabelServing] = ServingTrue
	if !selector.Matches(labels.Set(pod)) {
		t.Error("does not select the serving pod")
	}
}
