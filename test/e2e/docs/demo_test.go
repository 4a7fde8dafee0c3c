//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDemo runs the first commands of README.md, make demo and make demo-down. The demo has a
// cluster of its own, so it runs in parallel with the pages.
func TestDemo(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	sh.must(t, fmt.Sprintf("export DEMO_CLUSTER=docs-demo-%d", os.Getpid()))
	t.Cleanup(func() { sh.must(t, "make demo-down") })
	output, err := sh.run(t.Context(), "make demo")
	if err != nil {
		t.Fatalf("make demo: %v\n%s", err, output)
	}
	if want := `The performer answered: {"version":"latest","pod":"performer-test-performer-0"`; !strings.Contains(output, want) {
		t.Errorf("make demo does not print %s, but\n%s", want, output)
	}
	// It can be repeated.
	if output, err := sh.run(t.Context(), "make demo"); err != nil {
		t.Errorf("make demo, for the second time: %v\n%s", err, output)
	}
}
