//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package install tests the ways to install the operator, one after the other in one cluster:
// kubectl, kustomize, Helm 3 and Helm 4. Each way starts with the objects that the uninstallation
// of the previous one leaves.
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
