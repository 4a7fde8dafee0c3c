//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/Layr-Labs/hourglass-operator/test/harness/repository"
)

const (
	// limit ends commands that hang. All others end much sooner.
	limit = 5 * time.Minute
)

// shell runs commands one after the other. The next command sees the variables that earlier ones
// exported, and begins in the directory where the last one ended.
type shell struct {
	// dir holds the exported variables with the working directory, the last output and the last
	// text written.
	dir string
	// groups are the process groups of commands that left something in the background.
	groups []int
}

// newShell returns a shell. At the end of the test, processes that it left in the background are
// ended.
func newShell(t *testing.T) *shell {
	t.Helper()
	s := &shell{dir: t.TempDir()}
	bin, err := filepath.Abs(repository.Path("bin"))
	if err != nil {
		t.Fatal(err)
	}
	path := fmt.Sprintf("export PATH=%q:%q:\"$PATH\"\n", bin, filepath.Join(bin, "tools"))
	if err := os.WriteFile(s.exported(), []byte(path), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, group := range s.groups {
			if err := syscall.Kill(-group, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				t.Errorf("ending the processes in the background: %v", err)
			}
		}
	})
	return s
}

func (s *shell) exported() string { return filepath.Join(s.dir, "exported") }

// run runs commands and returns their output, standard output and standard error together.
func (s *shell) run(ctx context.Context, commands string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// A file, not a pipe: processes in the background would hold a pipe open.
	output, err := os.Create(filepath.Join(s.dir, "output"))
	if err != nil {
		return "", err
	}
	defer output.Close()
	script := ". \"$EXPORTED\"\n" + commands + "\n{ export -p; printf 'cd %q\\n' \"$PWD\"; } >\"$EXPORTED\"\n"
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = repository.Root()
	// kubectl must not cache the kinds: the commands before may have added or removed some.
	cache := filepath.Join(s.dir, "kube-cache")
	if err := os.RemoveAll(cache); err != nil {
		return "", err
	}
	cmd.Env = append(append(os.Environ(), cluster.Environment()...), "EXPORTED="+s.exported(), "KUBECACHEDIR="+cache)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	err = cmd.Run()
	if cmd.Process != nil && syscall.Kill(-cmd.Process.Pid, 0) == nil {
		s.groups = append(s.groups, cmd.Process.Pid)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("still running after %s", limit)
	}
	printed, readErr := os.ReadFile(output.Name())
	if readErr != nil {
		return "", readErr
	}
	return string(printed), err
}

// must runs commands that don't belong to a page, and fails the test if they fail.
func (s *shell) must(t *testing.T, commands string) {
	t.Helper()
	// In a cleanup, the context of the test is done.
	if output, err := s.run(context.WithoutCancel(t.Context()), commands); err != nil {
		t.Fatalf("%s: %v\n%s", commands, err, output)
	}
}

// write writes text to a file outside of the working directory and returns its path.
func (s *shell) write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, "text")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
