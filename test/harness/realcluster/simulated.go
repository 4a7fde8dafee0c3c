// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// SimulatedToleration returns the toleration that a pod needs to run on a simulated node.
func SimulatedToleration() corev1.Toleration {
	return corev1.Toleration{Key: "kwok.x-k8s.io/node", Operator: corev1.TolerationOpExists}
}

// ShareSimulatedNodes reserves the simulated nodes for a test, together with other tests that call
// it: none of the nodes fails until the end of the test. It skips the test in a cluster that is not
// the suite's own.
func (c *Cluster) ShareSimulatedNodes(t *testing.T) {
	t.Helper()
	c.needOwn(t)
	c.simulated.RLock()
	t.Cleanup(c.simulated.RUnlock)
}

// ClaimSimulatedNodes reserves the simulated nodes for a test that makes them fail: no other test
// has any until its end. It skips the test in a cluster that is not the suite's own.
func (c *Cluster) ClaimSimulatedNodes(t *testing.T) {
	t.Helper()
	c.needOwn(t)
	c.simulated.Lock()
	t.Cleanup(c.simulated.Unlock)
}

// KillSimulatedNodes makes all simulated nodes fail: their heartbeats end, and the pods on them
// stay as they are. It returns a function that brings the nodes back, which is called at the end of
// the test at the latest.
func (c *Cluster) KillSimulatedNodes(t *testing.T) (comeBack func()) {
	t.Helper()
	c.control(t, "stop", "kwok")
	comeBack = sync.OnceFunc(func() { c.control(t, "start", "kwok") })
	t.Cleanup(comeBack)
	return comeBack
}

// AddNode adds a simulated node until the end of the test and returns its name, which is prefix
// with a unique suffix. The options are those of localcluster add-node.
func (c *Cluster) AddNode(t *testing.T, prefix string, options ...string) (name string) {
	t.Helper()
	name = prefix + "-" + strings.ToLower(rand.Text()[:6])
	c.control(t, append([]string{"add-node", name}, options...)...)
	t.Cleanup(func() { c.control(t, "remove-node", name) })
	// Until the node is ready, pods that only prefer it are scheduled elsewhere.
	c.WaitForNode(t, name, true)
	return name
}
