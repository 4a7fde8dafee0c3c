// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

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

type Options struct {
	Name       string
	Nodes      string
	FakeNodes  int
	Foreground bool
	Audit      bool
}

func Up(ctx context.Context, o Options) error {
	c := state.New(o.Name)
	lock, err := state.LockDir(ctx, c.Dir, func() { progress.Printf("Another command works on cluster %q; waiting for it.", o.Name) })
	if err != nil {
		return err
	}
	defer func() {
		lock.Close()
		_ = os.Remove(c.Dir) // where nothing came of it; else it is not empty
	}()
	if old, err := state.Load(o.Name); err == nil && old.Running() {
		if o.Foreground {
			return fmt.Errorf("cluster %q is running already; `localcluster down --name %s` ends it, --name starts another", o.Name, o.Name)
		}
		progress.Printf("Cluster %q is running already.", o.Name)
		sayReady(old)
		return nil
	} else if err == nil {
		progress.Printf("Cluster %q ended without being taken down; clearing what it left and starting afresh.", o.Name)
	}
	bins, err := prepare(ctx, o.Nodes)
	if err != nil {
		return err
	}
	if err := clean(ctx, o.Name); err != nil {
		return err
	}
	sweep(ctx, o.Name)
	// The old folder is gone, and the lock with it.
	lock.Close()
	if lock, err = state.LockDir(ctx, c.Dir, func() {}); err != nil {
		return err
	}
	began := time.Now()
	s, err := launch(ctx, c, o, bins)
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), clean(ctx, o.Name))
	}
	if err != nil {
		progress.Printf("Cluster %q did not start and is being stopped. Its logs stay in %s until `localcluster down --name %s`.", o.Name, c.Path("logs"), o.Name)
		return errors.Join(err, end(ctx, c))
	}
	progress.Printf("Cluster %q is ready after %s.", c.Name, progress.Since(began))
	if !o.Foreground {
		sayReady(c)
		return s.Detach()
	}
	fmt.Println("KUBECONFIG=" + c.Kubeconfig())
	lock.Close()
	crashed := stay(ctx, s)
	progress.Printf("Cluster %q ran for %s and ends.", c.Name, progress.Since(began))
	ctx = context.WithoutCancel(ctx)
	if lock, err = state.LockDir(ctx, c.Dir, func() {}); err != nil {
		return err
	}
	return errors.Join(crashed, clean(ctx, o.Name))
}

// prepare sees to all that a cluster needs before it can start, and returns
// where the programs are.
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
				return nil, fmt.Errorf("KUBEBUILDER_ASSETS is set but lacks %s: %w; unset it to have that built", program, err)
			}
		}
		progress.Printf("Using the programs in KUBEBUILDER_ASSETS, %s.", assets)
		return map[string]string{build.ControlPlane.Name: assets}, nil
	}
	cs, err := build.ComponentsFor(nodes)
	if err != nil {
		return nil, err
	}
	return build.Ensure(ctx, cs)
}

// stay waits until something asks for the end of an attached cluster; it is an
// error if that comes by itself.
func stay(ctx context.Context, s *supervisor.Handle) error {
	// A leash that is garbage closes its pipe, and that ends the cluster.
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
			return fmt.Errorf("the cluster's supervisor ended though nothing asked it to: %w", err)
		}
		progress.Printf("Another command took the cluster down.")
	}
	return nil
}

func sayReady(c *state.Cluster) {
	progress.Printf("  export KUBECONFIG=%s", c.Kubeconfig())
	progress.Printf("  export PATH=%s:$PATH   # for kubectl", c.Programs[build.ControlPlane.Name])
}
