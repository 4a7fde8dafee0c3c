//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the operator as its users meet it: installed from deploy/ into a real cluster with a real node,
// spoken to with kubectl and the typed client, and its performers called over gRPC from inside the cluster.
//
//	go test -tags e2e ./test/e2e -count=1 -v -timeout 30m
//
// makes all that it needs, which takes root on Linux, and takes it down again. See package realcluster for the
// environment variables that name another cluster or keep this one.
package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

// cluster is what all tests run in.
var cluster *realcluster.Cluster

func TestMain(m *testing.M) {
	os.Exit(realcluster.Main(m, realcluster.Start, func(c *realcluster.Cluster) { cluster = c }, checkLogs))
}

// checkLogs is the last check, for it's about what all tests have caused.
func checkLogs(ctx context.Context) (code int) {
	leaks, err := cluster.Leaks(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e: reading the operator's logs:", err)
		return 1
	}
	for _, leak := range leaks {
		fmt.Fprintln(os.Stderr, "e2e: a Performer's environment was told:", leak)
		code = 1
	}
	return code
}
