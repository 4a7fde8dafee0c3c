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

	"github.com/Layr-Labs/hourglass-operator/test/e2e/framework"
)

// cluster is what all tests run in, one after the other: each leaves the webhooks on but for the last.
var cluster *framework.Cluster

func TestMain(m *testing.M) {
	os.Exit(framework.Main(m, start, func(c *framework.Cluster) { cluster = c }, nil))
}

// start brings up a cluster with the operator, and turns the webhooks on.
func start(ctx context.Context) (*framework.Cluster, error) {
	c, err := framework.Start(ctx)
	if err != nil {
		return c, err
	}
	for _, command := range [][]string{
		{"apply", "-f", "deploy/webhooks/"},
		{"rollout", "status", "-n", framework.OperatorNamespace, "deployment/" + framework.OperatorDeployment, "--timeout=120s"},
	} {
		if _, err := c.Kubectl(ctx, command...); err != nil {
			return c, fmt.Errorf("turning the webhooks on: %w", err)
		}
	}
	return c, nil
}
