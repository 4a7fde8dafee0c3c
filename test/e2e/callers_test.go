//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

// underLoad limits how many tests with callers run at once: they test the operator, not whether the
// machine can handle hundreds of connections a second.
var underLoad = make(chan struct{}, 2)

// takeTurn waits until the test may start callers.
func takeTurn(t *testing.T) {
	t.Helper()
	underLoad <- struct{}{}
	t.Cleanup(func() { <-underLoad })
}

// callers are two clients of one Performer. One holds a connection. The other one dials for each
// call, so that each call is routed separately.
type callers struct {
	held, dialing *realcluster.Load
}

// startCallers starts both clients and waits until each got an answer.
func startCallers(t *testing.T, address string) callers {
	t.Helper()
	return callers{held: cluster.StartLoad(t, address, false), dialing: cluster.StartLoad(t, address, true)}
}

// end waits until both clients got an answer from each of the named pods, ends them, and fails the
// test if a call failed.
func (c callers) end(t *testing.T, pods ...string) {
	t.Helper()
	for _, client := range c.summaries(t, pods) {
		t.Logf("%s: %s", client.name, client)
		if client.Failed != 0 {
			t.Errorf("%s: want no call to fail: %s", client.name, client)
		}
	}
}

// measure waits until both clients got an answer from a pod, ends them, and prints how long they
// were without an answer. It is for tests that remove the only serving pod.
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
		c.dialing.WaitForAnswer(t, pod)
	}
	return []clientSummary{
		{"the caller that holds a connection", c.held.End(t)},
		{"the caller that dials for each call", c.dialing.End(t)},
	}
}
