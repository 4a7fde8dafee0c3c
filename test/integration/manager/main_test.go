// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"os"
	"testing"

	"k8s.io/client-go/kubernetes"

	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// The API server that all tests of this package share, each in a namespace of its own.
var (
	cluster   *controlplane.Cluster
	kube      kubernetes.Interface
	hourglass versioned.Interface
)

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, "manager", func(c *controlplane.Cluster) {
		cluster, kube, hourglass = c, c.Kube, c.Hourglass
	}))
}
