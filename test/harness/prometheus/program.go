// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Program returns the path of a program of Debian's package prometheus, which are prometheus and
// promtool: the system's, or that of a package unpacked into the cache, which starts no service. On
// another system than Debian that lacks it the test is skipped, but not in CI, where CI is set as
// it is by all hosted ones.
func Program(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		const why = "this test takes Prometheus from Debian's package: install Prometheus by hand, with promtool"
		if os.Getenv("CI") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	path, err := cachedProgram(t.Context(), "prometheus", name)
	if err != nil {
		t.Fatalf("unpacking Debian's package prometheus: %v", err)
	}
	return path
}

// cachedProgram returns the path of a program of a Debian package in the cache, to where the
// package is fetched if need be.
func cachedProgram(ctx context.Context, pkg, name string) (string, error) {
	cache := os.Getenv("HOURGLASS_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(cmp.Or(os.Getenv("XDG_CACHE_HOME"), filepath.Join(home, ".cache")), "hourglass-operator")
	}
	program := filepath.Join("usr", "bin", name)
	if there, _ := filepath.Glob(filepath.Join(cache, pkg+"-*", program)); len(there) > 0 {
		return there[len(there)-1], nil
	}

	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(cache, "."+pkg+"-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	fmt.Fprintf(os.Stderr, "Fetching Debian's package %s, to unpack it into the cache\n", pkg)
	if err := run(ctx, work, "apt-get", "-q", "-q", "download", pkg); err != nil {
		// There may be no list of packages yet.
		if updateErr := run(ctx, work, "apt-get", "-q", "-q", "update"); updateErr != nil {
			return "", errors.Join(err, updateErr)
		}
		if err := run(ctx, work, "apt-get", "-q", "-q", "download", pkg); err != nil {
			return "", err
		}
	}
	files, err := filepath.Glob(filepath.Join(work, pkg+"_*.deb"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("apt-get has brought %q: %w", files, errors.Join(err, os.ErrNotExist))
	}
	unpacked := filepath.Join(work, "unpacked")
	if err := run(ctx, work, "dpkg-deb", "--extract", files[0], unpacked); err != nil {
		return "", err
	}
	// The file is called name_version_architecture.deb.
	version := strings.Split(filepath.Base(files[0]), "_")[1]
	final := filepath.Join(cache, pkg+"-"+version)
	// Somebody else may have been faster.
	if err := os.Rename(unpacked, final); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	return filepath.Join(final, program), nil
}

// run runs a program in a folder. The error of a failure has the command and its output.
func run(ctx context.Context, dir, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, &said)
	}
	return nil
}
