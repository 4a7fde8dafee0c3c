//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import "testing"

// assertNothingLeaked fails the test if an environment of a Performer was told in the operator's logs or in an event.
// It's called before a test ends one of the operator's pods, whose log would be lost with it.
func assertNothingLeaked(t *testing.T) {
	t.Helper()
	leaks, err := cluster.Leaks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range leaks {
		t.Errorf("a Performer's environment was told: %s", leak)
	}
}
