//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package admission tests what stops mistakes at the door: the webhooks, turned on, off and away as
// docs/admission.md has it, with certificates that change under load; and the admission policies.
package admission

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

// cluster is what all tests run in, one after the other: each leaves the webhooks on but for the last.
var cluster *realcluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(realcluster.Main(m, start, func(c *realcluster.Cluster) { cluster = c }, nil))
}

// start brings up a cluster with the operator, and turns the webhooks on.
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
			return c, fmt.Errorf("turning the webhooks on: %w", err)
		}
	}
	return c, nil
}
