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
)

const cgroupMount = "/sys/fs/cgroup"

// cgroupFolders returns the folders of a cgroup: one with cgroup v2, one for each controller with
// cgroup v1.
func cgroupFolders(cgroup string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroupMount, "cgroup.controllers")); err == nil {
		return []string{filepath.Join(cgroupMount, cgroup)}, nil
	}
	controllers, err := os.ReadDir(cgroupMount)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, e := range controllers {
		if e.IsDir() { // symbolic links are other names of a controller
			dirs = append(dirs, filepath.Join(cgroupMount, e.Name(), cgroup))
		}
	}
	return dirs, nil
}

// CreateCgroup creates a cgroup that holds pods.
func CreateCgroup(cgroup string) error {
	dirs, err := cgroupFolders(cgroup)
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

// RemoveCgroup removes a cgroup and its children. They are empty once the processes of the cluster,
// or of the node, have ended.
func RemoveCgroup(cgroup string) error {
	roots, err := cgroupFolders(cgroup)
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
