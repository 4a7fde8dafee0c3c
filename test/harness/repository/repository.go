// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package repository finds the files of the repository for tests, whatever folder they run in.
package repository

import (
	"bytes"
	"os"
	"path/filepath"
)

// root is found before a test changes the working directory.
var root = find()

// Root returns the folder that holds the operator's go.mod.
func Root() string { return root }

// Path returns where a file of the repository is, given its path below the root.
func Path(elements ...string) string {
	return filepath.Join(append([]string{root}, elements...)...)
}

// find looks for the operator's go.mod from the working directory upward, past those of other
// modules. Go runs the tests of a package in its folder.
func find() string {
	folder, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	for {
		mod, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte("module github.com/Layr-Labs/hourglass-operator\n")) {
			return folder
		}
		above := filepath.Dir(folder)
		if above == folder {
			panic("the tests run outside the repository")
		}
		folder = above
	}
}
