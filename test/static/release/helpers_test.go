// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package release

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

// read returns a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(repository.Path(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// write creates a file in a folder, with its parent folders.
func write(t *testing.T, dir, path, content string) {
	t.Helper()
	path = filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a script in the root of the repository and returns its output.
func run(t *testing.T, env []string, script string, args ...string) (string, error) {
	t.Helper()
	if !filepath.IsAbs(script) {
		script = "./" + script
	}
	cmd := exec.CommandContext(t.Context(), script, args...)
	cmd.Dir = repository.Root()
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// tracked lists the files that are in git, or can be added to it.
func tracked(t *testing.T) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard")
	cmd.Dir = repository.Root()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	return strings.Fields(string(out))
}
