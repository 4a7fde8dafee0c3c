//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

// cluster is what the pages are run in.
var cluster *realcluster.Cluster

func TestMain(m *testing.M) {
	if os.Getenv(realcluster.EnvKubeconfig) != "" {
		// They install and uninstall, and work in the namespace default: not in somebody else's cluster.
		fmt.Println("the pages are run in a cluster of their own only: skipped, for " + realcluster.EnvKubeconfig + " is set")
		return
	}
	os.Exit(realcluster.Main(m, realcluster.StartEmpty, func(c *realcluster.Cluster) { cluster = c }, nil))
}
