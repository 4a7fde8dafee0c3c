//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image tests the operator's image: it builds the Dockerfile without a container engine,
// registry or network, pushes the image, inspects it and runs it.
package image

import (
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

// cluster has no operator until the test installs it.
var cluster *realcluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(realcluster.Main(m, realcluster.StartEmpty, func(c *realcluster.Cluster) { cluster = c }, nil))
}
