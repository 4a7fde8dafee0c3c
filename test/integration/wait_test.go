// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// patience is how long a test waits for what must come. It decides only when a broken test is given
// up; no test passes or fails by how fast things are.
const patience = 60 * time.Second

func poll(ctx context.Context, condition wait.ConditionWithContextFunc) error {
	return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, patience, true, condition)
}

// eventually waits until check says nothing, and fails with what it said last.
func eventually(t *testing.T, what string, check func(ctx context.Context) (complaint string)) {
	t.Helper()
	var complaint string
	err := poll(t.Context(), func(ctx context.Context) (bool, error) {
		complaint = check(ctx)
		return complaint == "", nil
	})
	if err != nil {
		t.Fatalf("%s: %s", what, complaint)
	}
}

// waitUntil waits until holds does.
func waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if err := poll(t.Context(), func(context.Context) (bool, error) { return holds(), nil }); err != nil {
		t.Fatalf("waited for %s in vain", what)
	}
}
