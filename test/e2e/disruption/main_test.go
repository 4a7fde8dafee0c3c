//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package disruption tests what takes a pod away from a node, in a cluster with two real nodes. Its
// tests need long waits, so they run by name: make test-disruption.
package disruption

import (
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

// cluster is the cluster of all tests, which run one after the other. Each test leaves both nodes
// ready.
var cluster *realcluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(realcluster.Main(m, realcluster.StartNodes(2), func(c *realcluster.Cluster) { cluster = c }, nil))
}
