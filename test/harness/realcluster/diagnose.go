// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// diagnose logs the objects and events of the namespace and of the operator after a failure.
func (c *Cluster) diagnose(t *testing.T, namespace string, since time.Time) {
	t.Helper()
	// The context of the test is done.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	for _, args := range [][]string{
		{"get", "performers,pods,services,endpointslices", "-n", namespace, "-o", "wide"},
		{"describe", "performers", "-n", namespace},
		{"describe", "pods", "-n", namespace},
		{"get", "events", "-n", namespace, "--sort-by=.metadata.creationTimestamp"},
	} {
		t.Log(c.show(ctx, args...))
	}
	t.Log(c.describeOperator(ctx))
	logs, err := c.OperatorLogs(ctx, since)
	if err != nil {
		t.Logf("reading the logs of the operator: %v", err)
	}
	for _, pod := range slices.Sorted(maps.Keys(logs)) {
		t.Logf("log of %s since the test began:\n%s", pod, logs[pod])
	}
}

func (c *Cluster) describeOperator(ctx context.Context) string {
	return strings.Join([]string{
		c.show(ctx, "get", "pods", "-n", OperatorNamespace, "-o", "wide"),
		c.show(ctx, "get", "events", "-n", OperatorNamespace, "--sort-by=.metadata.creationTimestamp"),
		c.show(ctx, "logs", "-n", OperatorNamespace, "deployment/"+OperatorDeployment, "--tail=50"),
	}, "\n")
}

// show returns a kubectl command with its output or error.
func (c *Cluster) show(ctx context.Context, args ...string) string {
	output, err := c.Kubectl(ctx, args...)
	if err != nil {
		output += err.Error()
	}
	return fmt.Sprintf("kubectl %s:\n%s", strings.Join(args, " "), output)
}
