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

// cluster is where the pages are run.
var cluster *realcluster.Cluster

func TestMain(m *testing.M) {
	if os.Getenv(realcluster.EnvKubeconfig) != "" {
		// Pages install and uninstall the operator and use the namespace default, so they need a
		// cluster of their own.
		fmt.Println("skipped: pages are run only in a cluster of their own, and " + realcluster.EnvKubeconfig + " is set")
		return
	}
	os.Exit(realcluster.Main(m, realcluster.StartEmpty, func(c *realcluster.Cluster) { cluster = c }, nil))
}
