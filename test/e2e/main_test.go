//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the operator as its users see it: it is installed from deploy/ into a cluster
// with a real node, and used with kubectl and the typed client, and its performers are called over
// gRPC from inside the cluster.
//
//	go test -tags e2e ./test/e2e -count=1 -v -timeout 30m
//
// starts the cluster, which needs root on Linux, and deletes it at the end. Package realcluster
// describes the environment variables that select another cluster or keep this one.
//
// A test that only uses a namespace of its own calls t.Parallel. A test that stops the operator,
// kills a node or checks the whole cluster does not.
package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

// cluster is the cluster of all tests.
var cluster *realcluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(realcluster.Main(m, realcluster.Start, func(c *realcluster.Cluster) { cluster = c }, checkLogs))
}

// checkLogs runs after all tests, since it checks what all of them have caused.
func checkLogs(ctx context.Context) (code int) {
	leaks, err := cluster.Leaks(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e: reading the operator's logs:", err)
		return 1
	}
	for _, leak := range leaks {
		fmt.Fprintln(os.Stderr, "e2e: the environment of a Performer leaked:", leak)
		code = 1
	}
	return code
}
