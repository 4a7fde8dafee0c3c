// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

const cgroupMount = "/sys/fs/cgroup"

// cgroupFolders are the folders that make up the cluster's cgroup: one in the
// unified hierarchy, or one for each controller of the older kind.
func cgroupFolders(c *state.Cluster) ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupMount, "cgroup.controllers")); err == nil {
		return []string{filepath.Join(cgroupMount, c.Cgroup())}, nil
	}
	controllers, err := os.ReadDir(cgroupMount)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, e := range controllers {
		if e.IsDir() { // links are other names of the same
			dirs = append(dirs, filepath.Join(cgroupMount, e.Name(), c.Cgroup()))
		}
	}
	return dirs, nil
}

func CreateCgroup(c *state.Cluster) error {
	dirs, err := cgroupFolders(c)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		// A new group of this controller has no processors or memory nodes
		// until it is given some, and may then hold no process.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if all, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file)); err == nil {
				_ = os.WriteFile(filepath.Join(dir, file), all, 0o644)
			}
		}
	}
	return nil
}

// removeCgroup removes the cluster's groups, innermost first. They are empty
// once its processes are gone.
func RemoveCgroup(c *state.Cluster) error {
	roots, err := cgroupFolders(c)
	if err != nil {
		return err
	}
	for _, root := range roots {
		var dirs []string
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		for _, dir := range slices.Backward(dirs) {
			if err := syscall.Rmdir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("removing cgroup %s: %w", dir, err)
			}
		}
	}
	return nil
}
