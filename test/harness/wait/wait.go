// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package wait is the one way in which tests wait for something to happen.
package wait

import (
	"context"
	"errors"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// Timeout is how long a test waits before it fails. It is far more than a quiet machine needs: a
// test that waits for something that never happens fails either way, and a short timeout fails for
// no reason.
const Timeout = 3 * time.Minute

// The first checks follow each other quickly, since most of what an API server does is done at
// once. The later ones leave the processor to what the test waits for.
const (
	firstInterval = 20 * time.Millisecond
	lastInterval  = 250 * time.Millisecond
)

// For fails the test unless check returns nil before Timeout. what completes "waiting for".
func For(t testing.TB, what string, check func(context.Context) error) {
	t.Helper()
	if err := Poll(t.Context(), check); err != nil {
		t.Fatalf("waiting for %s: %v", what, err)
	}
}

// Until fails the test unless holds returns true before Timeout. what completes "waiting for".
func Until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	For(t, what, func(context.Context) error {
		if !holds() {
			return errors.New("timed out")
		}
		return nil
	})
}

// Poll calls check until it returns nil, or an error that Stop made. After Timeout it returns the
// last error of check.
func Poll(ctx context.Context, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	last := errors.New("never checked")
	interval := wait.Backoff{Duration: firstInterval, Factor: 1.2, Steps: 15, Cap: lastInterval}
	err := interval.DelayFunc().Until(ctx, true, true, func(ctx context.Context) (bool, error) {
		err := check(ctx)
		if stop := (*stopError)(nil); errors.As(err, &stop) {
			return false, err
		}
		// A check that the timeout cut short does not return what was wrong before.
		if err == nil || ctx.Err() == nil {
			last = err
		}
		return err == nil, nil
	})
	if stop := (*stopError)(nil); errors.As(err, &stop) {
		return stop.error
	}
	if err != nil {
		return last
	}
	return nil
}

// Stop marks an error of a check as final, so that Poll returns it at once.
func Stop(err error) error { return &stopError{err} }

type stopError struct{ error }
