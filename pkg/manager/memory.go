// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"io/fs"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"k8s.io/klog/v2"
)

// memoryFiles have the memory limit of the container, in cgroups of version 2 and 1.
var memoryFiles = []string{"sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"}

// limitMemory gives the Go runtime a soft limit of 90 % of the container's memory, so that it
// collects garbage before the kernel ends the process. The rest is for what the runtime does not
// count. The environment variable GOMEMLIMIT takes precedence.
func limitMemory(ctx context.Context) {
	if _, set := os.LookupEnv("GOMEMLIMIT"); set {
		return
	}
	if limit, ok := containerMemory(os.DirFS("/")); ok {
		soft := limit - limit/10
		debug.SetMemoryLimit(soft)
		klog.FromContext(ctx).Info("Limited the memory of the Go runtime", "bytes", soft, "container", limit)
	}
}

// containerMemory returns the memory limit of the container in bytes, if it has one.
func containerMemory(root fs.FS) (limit int64, ok bool) {
	for _, file := range memoryFiles {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			continue
		}
		// Without a limit the file has the text "max" in version 2, and almost 2^63 in version 1.
		limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		return limit, err == nil && limit > 0 && limit < math.MaxInt64/2
	}
	return 0, false
}
