// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lifecycle starts, changes and stops clusters.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/build"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/node"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

// Options are the options of Up.
type Options struct {
	Name       string
	Nodes      string
	RealNodes  int
	FakeNodes  int
	Foreground bool
	Audit      bool
	// Args are flags to add to components, by component.
	Args map[string][]string
}

// Up starts a cluster and waits until it is ready. With Foreground it returns once the cluster has
// ended.
func Up(ctx context.Context, o Options) error {
	c := state.New(o.Name)
	lock, err := state.LockDir(ctx, c.Dir, func() { progress.Printf("Waiting for another command on cluster %q.", o.Name) })
	if err != nil {
		return err
	}
	defer func() {
		lock.Close()
		_ = os.Remove(c.Dir) // succeeds only if it is empty, after a failure
	}()
	if old, err := state.Load(o.Name); err == nil && old.Running() {
		if o.Foreground {
			return fmt.Errorf(
				"cluster %q is already running: `localcluster down --name %s` stops it, --name with another name starts another one", o.Name, o.Name)
		}
		progress.Printf("Cluster %q is already running.", o.Name)
		printExports(old)
		return nil
	} else if err == nil {
		progress.Printf("Cluster %q ended without `down`: deleting its state and starting a new one.", o.Name)
	}
	programs, err := prepare(ctx, o.Nodes)
	if err != nil {
		return err
	}
	if err := remove(ctx, o.Name); err != nil {
		return err
	}
	removeOrphans(ctx, o.Name)
	// The lock is gone with the old folder.
	lock.Close()
	if lock, err = state.LockDir(ctx, c.Dir, func() {}); err != nil {
		return err
	}
	start := time.Now()
	s, err := launch(ctx, c, o, programs)
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), remove(ctx, o.Name))
	}
	if err != nil {
		progress.Printf(
			"Cluster %q did not start; stopping it. Its logs are in %s until `localcluster down --name %s`.", o.Name, c.Path("logs"), o.Name)
		return errors.Join(err, stop(ctx, c))
	}
	progress.Printf("Cluster %q is ready after %s.", c.Name, progress.Since(start))
	if !o.Foreground {
		printExports(c)
		return s.Detach()
	}
	fmt.Println("KUBECONFIG=" + c.Kubeconfig())
	lock.Close()
	crashed := waitForEnd(ctx, s)
	progress.Printf("Stopping cluster %q after %s.", c.Name, progress.Since(start))
	ctx = context.WithoutCancel(ctx)
	if lock, err = state.LockDir(ctx, c.Dir, func() {}); err != nil {
		return err
	}
	return errors.Join(crashed, remove(ctx, o.Name))
}

// prepare installs packages and builds programs as necessary, and returns the folders of the programs
// by component.
func prepare(ctx context.Context, nodes string) (map[string]string, error) {
	if nodes == state.NodesReal {
		if err := node.EnsurePackages(ctx); err != nil {
			return nil, err
		}
	}
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" && nodes == state.NodesNone {
		assets, err := filepath.Abs(assets)
		if err != nil {
			return nil, err
		}
		for program := range build.ControlPlane.Programs {
			if _, err := os.Stat(filepath.Join(assets, program)); err != nil {
				return nil, fmt.Errorf("KUBEBUILDER_ASSETS: %s not found: %w; unset the variable to build the programs", program, err)
			}
		}
		progress.Printf("Using the programs in KUBEBUILDER_ASSETS (%s).", assets)
		return map[string]string{build.ControlPlane.Name: assets}, nil
	}
	cs, err := build.ComponentsFor(nodes)
	if err != nil {
		return nil, err
	}
	return build.Ensure(ctx, cs)
}

// waitForEnd waits until ctx is done, standard input ends or the cluster ends. It returns an error if
// the supervisor crashed.
func waitForEnd(ctx context.Context, s *supervisor.Handle) error {
	// If the handle is garbage collected, its pipe is closed, which stops the cluster.
	defer runtime.KeepAlive(s)
	input := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(input)
	}()
	select {
	case <-ctx.Done():
	case <-input:
	case err := <-s.Ended:
		if err != nil {
			return fmt.Errorf("the supervisor of the cluster ended unexpectedly: %w", err)
		}
		progress.Printf("Another command stopped the cluster.")
	}
	return nil
}

// printExports prints the commands that set up a shell for the cluster.
func printExports(c *state.Cluster) {
	progress.Printf("  export KUBECONFIG=%s", c.Kubeconfig())
	progress.Printf("  export PATH=%s:$PATH   # for kubectl", c.Programs[build.ControlPlane.Name])
}
