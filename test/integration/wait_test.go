// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"testing"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

func poll(ctx context.Context, condition wait.ConditionWithContextFunc) error {
	return controlplane.Poll(ctx, condition)
}

// eventually waits until check says nothing, and fails with what it said last.
func eventually(t *testing.T, what string, check func(ctx context.Context) (complaint string)) {
	t.Helper()
	controlplane.Eventually(t, what, check)
}

// waitUntil waits until holds does.
func waitUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if err := poll(t.Context(), func(context.Context) (bool, error) { return holds(), nil }); err != nil {
		t.Fatalf("waited for %s in vain", what)
	}
}
