//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package install tests the ways to install the operator, one after the other: kubectl, kustomize,
// Helm 3 and Helm 4. Each way starts with the objects that the uninstallation of the previous one
// leaves. Helm 4 has a cluster of its own, where only Helm 3 comes before it, so that both parts
// run at the same time.
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
