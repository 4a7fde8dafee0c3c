// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"os"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/Layr-Labs/hourglass-operator/pkg/generated/clientset/versioned"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// The API server that all tests of this package share, each in a namespace of its own.
var (
	cluster   *controlplane.Cluster
	config    *rest.Config
	kube      kubernetes.Interface
	hourglass versioned.Interface
)

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, "policies", func(c *controlplane.Cluster) {
		cluster, config, kube, hourglass = c, c.Config, c.Kube, c.Hourglass
	}))
}
