// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// cluster is shared by all tests, which run one after the other: each restores what it breaks.
var cluster *controlplane.Cluster

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, "faults", func(c *controlplane.Cluster) { cluster = c }))
}
