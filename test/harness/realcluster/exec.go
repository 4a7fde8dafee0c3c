// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// command is a program to run.
type command struct {
	// dir is the working directory, "" for the current one.
	dir string
	// env is added to the current environment.
	env   []string
	stdin string
	// echo prints the program's standard error as it comes, for programs that take minutes.
	echo bool
}

// run runs a program and returns its standard output. The error of a failure contains the command
// and its standard error.
func (c command) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	// A signal that the program can handle, so that it can clean up.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stdin = strings.NewReader(c.stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if c.echo {
		// Programs report their progress on standard error.
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// repositoryRoot returns the folder of the nearest go.mod in or above the working directory, which
// is the folder of the test's package. (The path in the debugging information of a test does not
// help, since -trimpath cuts it.)
func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		switch _, err := os.Stat(filepath.Join(dir, "go.mod")); {
		case err == nil:
			return dir, nil
		case dir == filepath.Dir(dir):
			return "", fmt.Errorf("no go.mod in or above the working directory: run the tests from the repository")
		}
	}
}
