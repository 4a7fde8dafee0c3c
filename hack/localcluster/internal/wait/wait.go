// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package wait sleeps and retries until a context is done.
package wait

import (
	"context"
	"time"
)

// Sleep waits for d. It returns the error of ctx if ctx is done first.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Retry calls f until it returns nil. It returns the last error of f after the timeout, or when ctx
// is done.
func Retry(ctx context.Context, timeout time.Duration, f func() error) error {
	for deadline := time.Now().Add(timeout); ; {
		err := f()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		if Sleep(ctx, 100*time.Millisecond) != nil {
			return err
		}
	}
}
