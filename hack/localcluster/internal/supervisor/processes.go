// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/wait"
)

// Processes lists the processes of a cluster: those with EnvMarker in their environment, and those of
// its containers, which are in its cgroup.
func Processes(c *state.Cluster) []int {
	entries, _ := os.ReadDir("/proc")
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && pid != os.Getpid() && owns(c, pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// owns returns whether a process belongs to a cluster.
func owns(c *state.Cluster, pid int) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	if c.Nodes == state.NodesReal {
		if groups, err := os.ReadFile(proc + "/cgroup"); err == nil && bytes.Contains(groups, []byte(":"+c.Cgroup()+"/")) {
			return true
		}
	}
	env, err := os.ReadFile(proc + "/environ")
	if err != nil {
		return false
	}
	for v := range bytes.SplitSeq(env, []byte{0}) {
		if string(v) == state.EnvMarker+"="+c.Dir {
			return true
		}
	}
	return false
}

// EndProcesses stops every process of the cluster and waits until none is left. It first sends a
// request to the supervisor, then kills the supervisor (and with it all processes of its process
// namespace, if it has one), then the processes that are left.
func EndProcesses(ctx context.Context, c *state.Cluster) error {
	if c.Running() {
		if _, err := Ask(ctx, c.Dir, "shutdown", ""); err == nil {
			if waitUntilGone(ctx, c, shutdownGracePeriod+5*time.Second) {
				return nil
			}
		}
	}
	if c.Supervisor != 0 && owns(c, c.Supervisor) {
		_ = syscall.Kill(c.Supervisor, syscall.SIGKILL)
		if waitUntilGone(ctx, c, 10*time.Second) {
			return nil
		}
	}
	for _, pid := range Processes(c) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	if !waitUntilGone(ctx, c, 10*time.Second) {
		return fmt.Errorf("processes of cluster %q do not end: %v", c.Name, Processes(c))
	}
	return nil
}

func waitUntilGone(ctx context.Context, c *state.Cluster, timeout time.Duration) bool {
	for deadline := time.Now().Add(timeout); time.Now().Before(deadline); {
		if !c.Running() && len(Processes(c)) == 0 {
			return true
		}
		if wait.Sleep(ctx, 50*time.Millisecond) != nil {
			return false
		}
	}
	return false
}
