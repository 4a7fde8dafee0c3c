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

// cluster is where the pages are run.
var cluster *framework.Cluster

func TestMain(m *testing.M) {
	if os.Getenv(framework.EnvKubeconfig) != "" {
		// Pages install and uninstall the operator and use the namespace default, so they need a cluster of their own.
		fmt.Println("skipped: pages are run only in a cluster of their own, and " + framework.EnvKubeconfig + " is set")
		return
	}
	os.Exit(framework.Main(m, framework.StartEmpty, func(c *framework.Cluster) { cluster = c }, nil))
}
