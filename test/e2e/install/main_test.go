//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package install tests the ways to install the operator, one after the other in one cluster of its own: kubectl,
// kustomize, Helm 3 and Helm 4. What one has left behind, as a clean uninstall does, the next finds.
package install

import (
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

var cluster *realcluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(realcluster.Main(m, realcluster.StartEmpty, func(c *realcluster.Cluster) { cluster = c }, nil))
}
