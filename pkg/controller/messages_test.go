// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

func TestDampen(t *testing.T) {
	name := cache.NewObjectName("ns", "x")
	p := &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{Generation: 1}}
	m := newConditionMessages()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	// report sets the condition of a dampened problem in the status, and returns its message.
	report := func(reason, message string) string {
		problem := m.dampen(name, p, &performer.Problem{Reason: reason, Message: message}, now)
		p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionDegraded, Status: metav1.ConditionTrue,
			Reason: problem.Reason, Message: problem.Message, ObservedGeneration: p.Generation}}
		return problem.Message
	}
	for _, step := range []struct {
		after                 time.Duration
		generation            int64
		reason, message, want string
	}{
		{0, 1, "RequestFailed", "port 1", "port 1"},
		{time.Second, 1, "RequestFailed", "port 2", "port 1"},
		{time.Second, 1, "PodRefused", "quota", "quota"},
		{time.Second, 1, "PodRefused", "used 2", "quota"},
		// Another spec may have another mistake.
		{time.Second, 2, "PodRefused", "used 3", "used 3"},
		{59 * time.Second, 2, "PodRefused", "used 4", "used 3"},
		{time.Second, 2, "PodRefused", "used 5", "used 5"},
		{59 * time.Second, 2, "PodRefused", "used 6", "used 5"},
	} {
		now = now.Add(step.after)
		p.Generation = step.generation
		if got := report(step.reason, step.message); got != step.want {
			t.Errorf("after %s, %s %q: reported %q, want %q", step.after, step.reason, step.message, got, step.want)
		}
	}
	m.forget(name)
	if len(m.changed) > 0 {
		t.Error("the entry of a deleted Performer is kept")
	}
}
