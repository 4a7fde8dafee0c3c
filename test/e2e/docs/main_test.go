//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/e2e/framework"
)

// cluster is what the pages are run in.
var cluster *framework.Cluster

func TestMain(m *testing.M) {
	if os.Getenv(framework.EnvKubeconfig) != "" {
		// They install and uninstall, and work in the namespace default: not in somebody else's cluster.
		fmt.Println("the pages are run in a cluster of their own only: skipped, for " + framework.EnvKubeconfig + " is set")
		return
	}
	os.Exit(framework.Main(m, framework.StartEmpty, func(c *framework.Cluster) { cluster = c }, nil))
}
