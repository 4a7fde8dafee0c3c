// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/validation"
)

// TestMistakesPreventPods has a Performer with mistakes that admission did not refuse. No pod is created,
// and the problem has the same message.
func TestMistakesPreventPods(t *testing.T) {
	p := newPerformer(func(p *v1alpha1.Performer) {
		p.Spec.Image, p.Spec.PodLabels = "Repo:v1", map[string]string{"no key": "x"}
	})
	plan := planOf(Observed{Performer: p}, testSettings)
	var texts []string
	for _, m := range validation.Validate(p, testSettings.TEEs) {
		texts = append(texts, m.String())
	}
	if plan.Problem == nil || plan.Problem.Kind != Terminal || plan.Problem.Reason != ReasonInvalidSpec || plan.Problem.Message != strings.Join(texts, "; ") {
		t.Errorf("problem %+v, want that of %q", plan.Problem, texts)
	}
	for _, action := range plan.Actions {
		if _, ok := action.(CreatePod); ok {
			t.Error("the plan creates a pod")
		}
	}
}
