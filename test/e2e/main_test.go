//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the operator as its users meet it: installed from deploy/ into a real cluster with a real node,
// spoken to with kubectl and the typed client, and its performers called over gRPC from inside the cluster.
//
//	go test -tags e2e ./test/e2e -count=1 -v -timeout 30m
//
// makes all that it needs, which takes root on Linux, and takes it down again. See package framework for the
// environment variables that name another cluster or keep this one.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/Layr-Labs/hourglass-operator/test/e2e/framework"
)

// cluster is what all tests run in.
var cluster *framework.Cluster

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := runManyAtOnce(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 2
	}

	var err error
	cluster, err = framework.Start(ctx)
	stop := sync.OnceFunc(func() {
		// Interrupted or not, what was begun is taken down.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Minute)
		defer cancel()
		if err := cluster.Stop(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: taking down:", err)
			code = 1
		}
	})
	defer stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}

	finished := make(chan struct{})
	defer close(finished)
	go func() {
		select {
		case <-ctx.Done():
			fmt.Fprintln(os.Stderr, "e2e: interrupted, taking down")
			stop()
			os.Exit(130)
		case <-cluster.Ended():
			// Else each test would wait in vain, one after the other.
			fmt.Fprintln(os.Stderr, "e2e: the cluster is gone though nothing here has ended it")
			stop()
			os.Exit(1)
		case <-finished:
		}
	}()
	code = m.Run()
	if code == 0 {
		code = checkLogs(ctx)
	}
	return code
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

// runManyAtOnce sets how many parallel tests run at once, unless the caller has: they wait for the cluster most of the
// time, so the number of processors, which is the default, says nothing.
func runManyAtOnce() error {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	return flag.Set("test.parallel", "6")
}
