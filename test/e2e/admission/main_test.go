//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission tests the admission webhooks, which are enabled, disabled and unavailable as
// docs/admission.md describes, with certificates that change under load, and the admission
// policies.
package admission

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

// cluster is the cluster of all tests, which run one after the other. Each test leaves the webhooks
// enabled, except for the last one.
var cluster *realcluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(realcluster.Main(m, start, func(c *realcluster.Cluster) { cluster = c }, nil))
}

// start starts a cluster with the operator and enables the webhooks.
func start(ctx context.Context) (*realcluster.Cluster, error) {
	c, err := realcluster.Start(ctx)
	if err != nil {
		return c, err
	}
	for _, command := range [][]string{
		{"apply", "-f", "deploy/webhooks/"},
		{"rollout", "status", "-n", realcluster.OperatorNamespace, "deployment/" + realcluster.OperatorDeployment, "--timeout=120s"},
	} {
		if _, err := c.Kubectl(ctx, command...); err != nil {
			return c, fmt.Errorf("enabling the webhooks: %w", err)
		}
	}
	return c, nil
}
