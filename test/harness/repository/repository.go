// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package repository finds the files of the repository for tests, whatever folder they run in.
package repository

import (
	"path/filepath"
	"runtime"
)

// Root returns the folder that holds the operator's go.mod.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

// Path returns where a file of the repository is, given its path below the root.
func Path(elements ...string) string {
	return filepath.Join(append([]string{Root()}, elements...)...)
}
