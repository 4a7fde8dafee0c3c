// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"testing"
	"testing/fstest"
)

func TestContainerMemory(t *testing.T) {
	const v2, v1 = "sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes"
	for _, tt := range []struct {
		name, file, text string
		want             int64 // 0 for none
	}{
		{"version 2", v2, "536870912\n", 512 << 20},
		{"version 1", v1, "536870912\n", 512 << 20},
		{"version 2 without a limit", v2, "max\n", 0},
		{"version 1 without a limit", v1, "9223372036854771712\n", 0},
		{"nonsense", v2, "-1", 0},
		{"an empty file", v2, "", 0},
		{"neither", "else", "1", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			limit, ok := containerMemory(fstest.MapFS{tt.file: {Data: []byte(tt.text)}})
			if ok != (tt.want > 0) || ok && limit != tt.want {
				t.Errorf("got %d %v, want %d", limit, ok, tt.want)
			}
		})
	}
}
