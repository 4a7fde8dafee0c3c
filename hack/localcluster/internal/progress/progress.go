// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package progress reports to the user of the command.
package progress

import (
	"fmt"
	"os"
	"time"
)

// Printf writes a line to standard error. Standard output is for results.
func Printf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Since returns the time since t in whole seconds.
func Since(t time.Time) time.Duration { return time.Since(t).Round(time.Second) }
