//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import "testing"

// assertNothingLeaked fails the test if a value from the environment of a Performer is in the
// operator's logs or in an event. Tests call it before they stop a pod of the operator, since its
// log is lost with the pod.
func assertNothingLeaked(t *testing.T) {
	t.Helper()
	leaks, err := cluster.Leaks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range leaks {
		t.Errorf("the environment of a Performer leaked: %s", leak)
	}
}
