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
	// dir is the working directory, "" for the present one.
	dir string
	// env is added to the present environment.
	env   []string
	stdin string
	// echo passes the program's output on to ours as it comes, for those that take minutes.
	echo bool
}

// run runs a program to its end and returns its standard output. A failure's error has what was run and what the
// program said on standard error.
func (c command) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	// Asked to stop rather than killed, so that a program can take down what it has begun.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stdin = strings.NewReader(c.stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if c.echo {
		// Standard output is echoed by the caller if it matters; progress is on standard error.
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// repositoryRoot returns the folder of the operator's go.mod, the nearest above the working directory, which for a
// test is the folder of its package. (The path in a test's own debugging information is of no use: -trimpath cuts it.)
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
