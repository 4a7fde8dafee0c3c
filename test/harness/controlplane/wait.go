// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// patience is how long a test waits for what must come. It decides only when a broken test is given
// up; no test passes or fails by how fast things are.
const patience = 90 * time.Second

// Poll asks condition again and again until it says yes, fails, or is given up.
func Poll(ctx context.Context, condition wait.ConditionWithContextFunc) error {
	return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, patience, true, condition)
}

// Eventually waits until check says nothing, and fails with what it said last.
func Eventually(t testing.TB, what string, check func(ctx context.Context) (complaint string)) {
	t.Helper()
	complaint := "not looked at yet"
	err := Poll(t.Context(), func(ctx context.Context) (bool, error) {
		// That the time is over says less than what was wrong before.
		if now := check(ctx); now == "" || ctx.Err() == nil {
			complaint = now
		}
		return complaint == "", nil
	})
	if err != nil {
		t.Fatalf("%s: %s", what, complaint)
	}
}
