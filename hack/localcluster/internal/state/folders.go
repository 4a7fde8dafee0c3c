// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"os"
	"path/filepath"
)

// stateRoot is where the state of this user's clusters lives.
func Root() string { return userDir("HOURGLASS_STATE", "XDG_STATE_HOME", ".local/state") }

// cacheRoot is where built programs live.
func CacheRoot() string { return userDir("HOURGLASS_CACHE", "XDG_CACHE_HOME", ".cache") }

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

func ClustersDir() string { return filepath.Join(Root(), "clusters") }
