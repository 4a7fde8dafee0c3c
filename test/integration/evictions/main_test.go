// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package evictions

import (
	"os"
	"testing"

	"k8s.io/client-go/kubernetes"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// The API server that all tests of this package share, each in a namespace of its own.
var (
	cluster *controlplane.Cluster
	kube    kubernetes.Interface
)

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, "evictions", func(c *controlplane.Cluster) { cluster, kube = c, c.Kube },
		"--feature-gates=EvictionRequestAPI=true", "--runtime-config=lifecycle.k8s.io/v1alpha1=true"))
}
