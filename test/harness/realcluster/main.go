// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

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
)

// Main runs the tests of a package in a cluster and returns the exit code, for TestMain. start
// creates the cluster (Start or StartEmpty), use receives it before the first test, and last, which
// may be nil, checks the whole run if the tests passed.
func Main(m *testing.M, start func(context.Context) (*Cluster, error), use func(*Cluster), last func(context.Context) (code int)) (code int) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := setParallel(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 2
	}

	cluster, err := start(ctx)
	use(cluster)
	stop := sync.OnceFunc(func() {
		// After an interrupt too.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Minute)
		defer cancel()
		if err := cluster.Stop(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: stopping the cluster:", err)
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
			fmt.Fprintln(os.Stderr, "e2e: interrupted, stopping the cluster")
			stop()
			os.Exit(130)
		case <-cluster.Ended():
			// Otherwise each test would wait until its timeout.
			fmt.Fprintln(os.Stderr, "e2e: the cluster has ended unexpectedly")
			stop()
			os.Exit(1)
		case <-finished:
		}
	}()
	code = m.Run()
	if code == 0 && last != nil {
		code = last(ctx)
	}
	return code
}

// setParallel sets the number of tests that run in parallel, unless the caller set it. Tests wait
// for the cluster most of the time, so the default, the number of processors, is too low.
func setParallel() error {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return nil
	}
	return flag.Set("test.parallel", "4")
}
