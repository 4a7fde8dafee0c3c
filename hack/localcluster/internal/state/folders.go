// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"os"
	"path/filepath"
)

// Root returns the folder of this user's state.
func Root() string { return userDir("HOURGLASS_STATE", "XDG_STATE_HOME", ".local/state") }

// CacheRoot returns the folder of built programs.
func CacheRoot() string { return userDir("HOURGLASS_CACHE", "XDG_CACHE_HOME", ".cache") }

// userDir returns the folder that the variable own names, or else the project's folder below the
// one that the variable xdg names or below underHome.
func userDir(own, xdg, underHome string) string {
	dir := os.Getenv(own)
	if dir == "" {
		base := os.Getenv(xdg)
		if base == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				home = os.TempDir()
			}
			base = filepath.Join(home, underHome)
		}
		dir = filepath.Join(base, "hourglass-operator")
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return dir
}

// ClustersDir returns the folder that holds the state folders of this user's clusters.
func ClustersDir() string { return filepath.Join(Root(), "clusters") }
