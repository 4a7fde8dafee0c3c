// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package images

import (
	"testing"
)

func TestFullName(t *testing.T) {
	for in, want := range map[string]string{
		"plain:dev":                      "docker.io/library/plain:dev",
		"hourglass/sample-performer:dev": "docker.io/hourglass/sample-performer:dev",
		"ghcr.io/x/y:1":                  "ghcr.io/x/y:1",
		"localhost/x:1":                  "localhost/x:1",
		"localhost:5000/x:1":             "localhost:5000/x:1",
		"hourglass.local/pause:local":    "hourglass.local/pause:local",
	} {
		if got := fullName(in); got != want {
			t.Errorf("fullName(%s) = %s, want %s", in, got, want)
		}
	}
}
