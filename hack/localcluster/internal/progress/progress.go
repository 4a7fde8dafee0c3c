// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package progress

import (
	"fmt"
	"os"
	"time"
)

func Printf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func Since(t time.Time) time.Duration { return time.Since(t).Round(time.Second) }
