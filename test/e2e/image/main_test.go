//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image tests the operator's image: what the Dockerfile really builds, without an engine, a registry or a
// network, is pushed, looked into and run.
package image

import (
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/e2e/framework"
)

// cluster has no operator until the tests install theirs.
var cluster *framework.Cluster

func TestMain(m *testing.M) {
	os.Exit(framework.Main(m, framework.StartEmpty, func(c *framework.Cluster) { cluster = c }, nil))
}
