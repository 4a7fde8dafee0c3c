// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// Patience is how long a test waits for what should happen soon. It's far more than is needed on a quiet
	// machine: a test that waits in vain fails either way, and one that gives up early fails for nothing.
	Patience = 3 * time.Minute

	pollInterval = 250 * time.Millisecond
)

// eventually calls check until it returns nil, and returns its last error when Patience is at an end.
func eventually(ctx context.Context, check func(context.Context) error) error {
	last := errors.New("never checked")
	err := wait.PollUntilContextTimeout(ctx, pollInterval, Patience, true, func(ctx context.Context) (bool, error) {
		err := check(ctx)
		// A check that the deadline cut short says nothing of what it waits for.
		if err == nil || ctx.Err() == nil {
			last = err
		}
		return err == nil, nil
	})
	if err != nil {
		return last
	}
	return nil
}

// Eventually fails the test unless check returns nil before Patience is at an end. what completes "waiting for".
func Eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	if err := eventually(t.Context(), check); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}
