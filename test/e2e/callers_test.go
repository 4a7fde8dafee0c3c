//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

// underLoad bounds how many tests with callers run at once: what they judge is the operator, not how the machine bears
// hundreds of connections a second.
var underLoad = make(chan struct{}, 3)

// takeTurn waits until the test may have callers.
func takeTurn(t *testing.T) {
	t.Helper()
	underLoad <- struct{}{}
	t.Cleanup(func() { <-underLoad })
}

// callers are two clients of one Performer: the one holds a connection, the other dials anew for each call, so that
// each is routed anew.
type callers struct {
	held, dialling *realcluster.Load
}

// startCallers starts both, and waits until each got an answer.
func startCallers(t *testing.T, address string) callers {
	t.Helper()
	return callers{held: cluster.StartLoad(t, address, false), dialling: cluster.StartLoad(t, address, true)}
}

// end waits until each got an answer from the pods named, ends both, and fails the test if a call failed.
func (c callers) end(t *testing.T, pods ...string) {
	t.Helper()
	for _, client := range c.summaries(t, pods) {
		t.Logf("%s: %s", client.name, client)
		if client.Failed != 0 {
			t.Errorf("%s: want no call to fail: %s", client.name, client)
		}
	}
}

// measure waits until each got an answer from a pod, ends both, and prints how long they were without an answer. It's
// for what takes the only serving pod away.
func (c callers) measure(t *testing.T, what, successor string) {
	t.Helper()
	for _, client := range c.summaries(t, []string{successor}) {
		t.Logf("MEASURED %s, %s: %s", what, client.name, client)
	}
}

type clientSummary struct {
	name string
	realcluster.Summary
}

func (c callers) summaries(t *testing.T, pods []string) []clientSummary {
	t.Helper()
	for _, pod := range pods {
		c.held.WaitForAnswer(t, pod)
		c.dialling.WaitForAnswer(t, pod)
	}
	return []clientSummary{
		{"the caller that holds a connection", c.held.End(t)},
		{"the caller that dials anew", c.dialling.End(t)},
	}
}
