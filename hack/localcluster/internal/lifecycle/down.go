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

// Down stops a cluster and deletes its state.
func Down(ctx context.Context, name string) error {
	c := state.New(name)
	if _, err := os.Stat(c.Dir); errors.Is(err, os.ErrNotExist) {
		progress.Printf("Cluster %q does not exist.", name)
		return nil
	}
	// If another command is starting the cluster, wait for its result.
	lock, err := state.LockDir(ctx, c.Dir, func() { progress.Printf("Waiting for another command on cluster %q.", name) })
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := remove(ctx, name); err != nil {
		return err
	}
	progress.Printf("Cluster %q is deleted.", name)
	return nil
}

// remove stops a cluster, whether it runs or crashed, and deletes its state. The caller holds the lock
// of its folder.
func remove(ctx context.Context, name string) error {
	c, err := state.Load(name)
	if errors.Is(err, os.ErrNotExist) { // up failed before it wrote the record
		return os.RemoveAll(state.New(name).Dir)
	}
	if err != nil {
		return err
	}
	if err := stop(ctx, c); err != nil {
		return err
	}
	return os.RemoveAll(c.Dir)
}

// stop stops every process of the cluster and waits until the processes, the link, the mounts and the
// cgroup are gone. It ignores a canceled context, so that an interrupt leaves nothing behind.
func stop(ctx context.Context, c *state.Cluster) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := supervisor.EndProcesses(ctx, c); err != nil {
		return err
	}
	if c.Nodes != state.NodesReal {
		return nil
	}
	// The kernel removes the link with its namespace, which may take a moment.
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
	return wait.Retry(ctx, 10*time.Second, func() error { return node.RemoveCgroup(c.Cgroup()) })
}

// removeOrphans deletes the state of other clusters of `up --foreground` whose command and supervisor
// were killed before they could do so.
func removeOrphans(ctx context.Context, except string) {
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
			continue // another command is working on it
		}
		if !c.Running() {
			if err := remove(ctx, c.Name); err != nil {
				progress.Printf("Deleting the state of crashed cluster %q: %v", c.Name, err)
			}
		}
		lock.Close()
	}
}
