//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image tests the operator's image: what the Dockerfile really builds, without an engine, a registry or a
// network, is pushed, looked into and run.
package image

import (
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

// cluster has no operator until the tests install theirs.
var cluster *realcluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(realcluster.Main(m, realcluster.StartEmpty, func(c *realcluster.Cluster) { cluster = c }, nil))
}
