// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"
)

// BenchmarkUnchangedSync measures the decisions of a sync that changes nothing.
func BenchmarkUnchangedSync(b *testing.B) {
	p := newPerformer(settled, status(0, "performer-x-0"))
	o := observed(p, testPod(p, 0, ready(time.Hour)))
	p.Status = statusOf(o, testSettings, nil)
	b.ReportAllocs()
	for b.Loop() {
		a := Assess(o, testSettings)
		if a.NeedsEndpoints() {
			b.Fatal("the endpoint slices are not needed")
		}
		plan := a.Plan()
		if len(plan.Actions) > 0 {
			b.Fatalf("the plan has actions: %v", plan.Actions)
		}
		a.Status(plan.Problem)
	}
}
