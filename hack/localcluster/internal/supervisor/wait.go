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
	"strings"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/wait"
)

// Condition is what WaitFor waits for.
type Condition struct {
	Name       string
	Timeout    time.Duration
	Components []string
	Check      func(context.Context) error
}

// wait polls a condition until it holds. It gives up early when a component
// that the condition depends on keeps ending, and then, as when time runs out,
// shows what that component wrote last.
func WaitFor(ctx context.Context, c *state.Cluster, condition Condition) error {
	begin := time.Now()
	for {
		last := condition.Check(ctx)
		if last == nil {
			return nil
		}
		if err := wait.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		status, err := Ask(ctx, c, "status", "")
		if err != nil {
			return errors.Join(err, logsOf(c, "supervisor"))
		}
		for _, s := range status.Components {
			for _, name := range condition.Components {
				if s.Name == name && s.Restarts >= 5 {
					return errors.Join(fmt.Errorf("waiting for %s: %s keeps ending (%d times)", condition.Name, name, s.Restarts), logsOf(c, name))
				}
			}
		}
		if time.Since(begin) > condition.Timeout {
			return errors.Join(fmt.Errorf("%s: not so after %s: %w", condition.Name, progress.Since(begin), last), logsOf(c, condition.Components...))
		}
	}
}

// logsOf is an error made of the last lines of the components' logs.
func logsOf(c *state.Cluster, components ...string) error {
	var all []error
	for _, name := range components {
		path := c.Path("logs", name+".log")
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
