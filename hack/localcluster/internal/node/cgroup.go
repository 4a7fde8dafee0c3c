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

// cgroupFolders returns the folders of the cluster's cgroup: one with cgroup v2, one for each
// controller with cgroup v1.
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
		if e.IsDir() { // symbolic links are other names of a controller
			dirs = append(dirs, filepath.Join(cgroupMount, e.Name(), c.Cgroup()))
		}
	}
	return dirs, nil
}

// CreateCgroup creates the cgroup that holds the cluster's pods.
func CreateCgroup(c *state.Cluster) error {
	dirs, err := cgroupFolders(c)
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		// With cgroup v1, a new cpuset has no processors and no memory nodes, and can hold no process
		// before it has some.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if all, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file)); err == nil {
				_ = os.WriteFile(filepath.Join(dir, file), all, 0o644)
			}
		}
	}
	return nil
}

// RemoveCgroup removes the cluster's cgroup and its children. They are empty once the processes of the
// cluster have ended.
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
