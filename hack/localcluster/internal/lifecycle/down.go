// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

func runDown(ctx context.Context, args []string) error {
	fs := newFlags("down")
	name := nameFlag(fs)
	if err := parseNone(fs, args); err != nil {
		return err
	}
	if err := checkName(*name); err != nil {
		return err
	}
	c := newCluster(*name)
	if _, err := os.Stat(c.dir); errors.Is(err, os.ErrNotExist) {
		say("There is no cluster %q.", *name)
		return nil
	}
	// Whoever is starting it first finishes that, or gives up.
	lock, err := lockDir(ctx, c.dir, func() { say("Another command works on cluster %q; waiting for it.", *name) })
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := clean(ctx, *name); err != nil {
		return err
	}
	say("Cluster %q is gone.", *name)
	return nil
}

// clean ends whatever is left of a cluster, running or crashed, and deletes
// its state. The caller has the lock of its folder.
func clean(ctx context.Context, name string) error {
	c, err := loadCluster(name)
	if errors.Is(err, os.ErrNotExist) { // it never got as far
		return os.RemoveAll(newCluster(name).dir)
	}
	if err != nil {
		return err
	}
	if err := c.end(ctx); err != nil {
		return err
	}
	return os.RemoveAll(c.dir)
}

// end stops every process of the cluster and waits until they, its link, its
// mounts and its cgroup are gone. It goes on after an interrupt.
func (c *cluster) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := c.endProcesses(ctx); err != nil {
		return err
	}
	if c.Nodes != nodesReal {
		return nil
	}
	// The link goes with its namespace, which may take the kernel a moment.
	err := retry(ctx, 5*time.Second, func() error {
		if c.linkGone() {
			return nil
		}
		out, err := exec.CommandContext(ctx, "ip", "link", "delete", c.hostLink()).CombinedOutput()
		if err != nil {
			return fmt.Errorf("deleting link %s: %w: %s", c.hostLink(), err, out)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return retry(ctx, 10*time.Second, c.removeCgroup)
}

func retry(ctx context.Context, patience time.Duration, f func() error) error {
	for deadline := time.Now().Add(patience); ; {
		err := f()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		if sleep(ctx, 100*time.Millisecond) != nil {
			return err
		}
	}
}

// sweep removes what is left of other clusters that were to end with the
// command that started them (up --foreground) and whose command and supervisor
// were killed before they could clean up.
func sweep(ctx context.Context, except string) {
	all, err := allClusters()
	if err != nil {
		return
	}
	for _, c := range all {
		if !c.Foreground || c.Name == except || c.running() {
			continue
		}
		lock, err := tryLockDir(c.dir)
		if err != nil {
			continue // someone is at it
		}
		if !c.running() {
			if err := clean(ctx, c.Name); err != nil {
				say("Clearing what was left of cluster %q: %v", c.Name, err)
			}
		}
		lock.Close()
	}
}
