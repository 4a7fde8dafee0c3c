// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// processes lists the cluster's processes: those that carry its mark in their
// environment, and those of its containers, which are in its cgroup.
func (c *cluster) processes() []int {
	entries, _ := os.ReadDir("/proc")
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && pid != os.Getpid() && c.owns(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (c *cluster) owns(pid int) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	if c.Nodes == nodesReal {
		if groups, err := os.ReadFile(proc + "/cgroup"); err == nil && bytes.Contains(groups, []byte(":"+c.cgroup()+"/")) {
			return true
		}
	}
	env, err := os.ReadFile(proc + "/environ")
	if err != nil {
		return false
	}
	for v := range bytes.SplitSeq(env, []byte{0}) {
		if string(v) == envMarker+"="+c.dir {
			return true
		}
	}
	return false
}

// endProcesses stops every process of the cluster and waits until none is left: first
// by asking the supervisor, then by killing it (and with it, where it has
// namespaces, all that lives in them), then by killing what is left.
func (c *cluster) endProcesses(ctx context.Context) error {
	if c.running() {
		if _, err := c.ask(ctx, "shutdown", ""); err == nil {
			if c.waitGone(ctx, shutdownPatience+5*time.Second) {
				return nil
			}
		}
	}
	if c.Supervisor != 0 && c.owns(c.Supervisor) {
		_ = syscall.Kill(c.Supervisor, syscall.SIGKILL)
		if c.waitGone(ctx, 10*time.Second) {
			return nil
		}
	}
	for _, pid := range c.processes() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if !c.waitGone(ctx, 10*time.Second) {
		return fmt.Errorf("processes of cluster %q do not end: %v", c.Name, c.processes())
	}
	return nil
}

func (c *cluster) waitGone(ctx context.Context, patience time.Duration) bool {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if !c.running() && len(c.processes()) == 0 {
			return true
		}
		if sleep(ctx, 50*time.Millisecond) != nil {
			return false
		}
	}
	return false
}
