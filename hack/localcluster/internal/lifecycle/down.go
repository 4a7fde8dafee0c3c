// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/node"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/wait"
)

// Down stops a cluster and deletes what it left.
func Down(ctx context.Context, name string) error {
	c := state.New(name)
	if _, err := os.Stat(c.Dir); errors.Is(err, os.ErrNotExist) {
		progress.Printf("There is no cluster %q.", name)
		return nil
	}
	// Whoever is starting it first finishes that, or gives up.
	lock, err := state.LockDir(ctx, c.Dir, func() { progress.Printf("Another command works on cluster %q; waiting for it.", name) })
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := clean(ctx, name); err != nil {
		return err
	}
	progress.Printf("Cluster %q is gone.", name)
	return nil
}

// clean ends whatever is left of a cluster, running or crashed, and deletes
// its state. The caller has the lock of its folder.
func clean(ctx context.Context, name string) error {
	c, err := state.Load(name)
	if errors.Is(err, os.ErrNotExist) { // it never got as far
		return os.RemoveAll(state.New(name).Dir)
	}
	if err != nil {
		return err
	}
	if err := end(ctx, c); err != nil {
		return err
	}
	return os.RemoveAll(c.Dir)
}

// end stops every process of the cluster and waits until they, its link, its
// mounts and its cgroup are gone. It goes on after an interrupt.
func end(ctx context.Context, c *state.Cluster) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := supervisor.EndProcesses(ctx, c); err != nil {
		return err
	}
	if c.Nodes != state.NodesReal {
		return nil
	}
	// The link goes with its namespace, which may take the kernel a moment.
	err := wait.Retry(ctx, 5*time.Second, func() error {
		if node.LinkGone(c) {
			return nil
		}
		out, err := exec.CommandContext(ctx, "ip", "link", "delete", c.HostLink()).CombinedOutput()
		if err != nil {
			return fmt.Errorf("deleting link %s: %w: %s", c.HostLink(), err, out)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return wait.Retry(ctx, 10*time.Second, func() error { return node.RemoveCgroup(c) })
}

// sweep removes what is left of other clusters that were to end with the
// command that started them (up --foreground) and whose command and supervisor
// were killed before they could clean up.
func sweep(ctx context.Context, except string) {
	all, err := state.All()
	if err != nil {
		return
	}
	for _, c := range all {
		if !c.Foreground || c.Name == except || c.Running() {
			continue
		}
		lock, err := state.TryLockDir(c.Dir)
		if err != nil {
			continue // someone is at it
		}
		if !c.Running() {
			if err := clean(ctx, c.Name); err != nil {
				progress.Printf("Clearing what was left of cluster %q: %v", c.Name, err)
			}
		}
		lock.Close()
	}
}
