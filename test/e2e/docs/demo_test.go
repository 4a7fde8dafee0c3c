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

// TestDemo runs the first commands that README.md tells of: make demo, make demo-down. The cluster is the demo's own.
func TestDemo(t *testing.T) {
	sh := newShell(t)
	sh.must(t, fmt.Sprintf("export DEMO_CLUSTER=docs-demo-%d", os.Getpid()))
	t.Cleanup(func() { sh.must(t, "make demo-down") })
	output, err := sh.run(t.Context(), "make demo")
	if err != nil {
		t.Fatalf("make demo: %v\n%s", err, output)
	}
	if want := `The performer answered: {"version":"latest","pod":"performer-test-performer-0"`; !strings.Contains(output, want) {
		t.Errorf("make demo does not say %s, but\n%s", want, output)
	}
	// What is there already is no hindrance.
	if output, err := sh.run(t.Context(), "make demo"); err != nil {
		t.Errorf("make demo, once more: %v\n%s", err, output)
	}
}
