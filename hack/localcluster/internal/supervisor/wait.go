// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package supervisor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/wait"
)

// Condition is a condition that WaitFor waits for.
type Condition struct {
	// Name says for people what the condition is, such as "a ready node".
	Name    string
	Timeout time.Duration
	// Components are the components that the condition depends on.
	Components []string
	// Check returns nil if the condition is true, otherwise what is missing.
	Check func(context.Context) error
}

// maxRestarts is the number of restarts after which WaitFor does not wait any longer.
const maxRestarts = 5

// WaitFor polls a condition until it is true. It returns an error at the timeout, or earlier if a
// component that the condition depends on keeps crashing. The error contains the last lines of the
// logs of these components, which are those of the cluster, or of the node, with the state folder
// dir.
func WaitFor(ctx context.Context, dir string, condition Condition) error {
	begin := time.Now()
	for {
		last := condition.Check(ctx)
		if last == nil {
			return nil
		}
		if err := wait.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		status, err := Ask(ctx, dir, "status", "")
		if err != nil {
			return errors.Join(err, logsOf(dir, "supervisor"))
		}
		for _, s := range status.Components {
			for _, name := range condition.Components {
				if s.Name == name && s.Restarts >= maxRestarts {
					return errors.Join(fmt.Errorf("waiting for %s: %s keeps crashing (%d restarts)", condition.Name, name, s.Restarts), logsOf(dir, name))
				}
			}
		}
		if time.Since(begin) > condition.Timeout {
			return errors.Join(fmt.Errorf("waiting for %s: timed out after %s: %w", condition.Name, progress.Since(begin), last), logsOf(dir, condition.Components...))
		}
	}
}

// logsOf returns an error that contains the last lines of the components' logs.
func logsOf(dir string, components ...string) error {
	var all []error
	for _, name := range components {
		path := filepath.Join(dir, "logs", name+".log")
		all = append(all, fmt.Errorf("the last lines of %s:\n%s", path, tailFile(path, 15)))
	}
	return errors.Join(all...)
}

// tailFile returns the last lines of a file.
func tailFile(path string, lines int) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Size() > 64<<10 {
		_, _ = f.Seek(-64<<10, io.SeekEnd)
	}
	var kept []string
	for s := bufio.NewScanner(f); s.Scan(); {
		kept = append(kept, s.Text())
		kept = kept[max(0, len(kept)-lines):]
	}
	return strings.Join(kept, "\n")
}
