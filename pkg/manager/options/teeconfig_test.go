// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTEEConfig(t *testing.T) {
	file := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name, path string
		types      int      // number of types read; -1: the default table is kept
		refused    []string // parts of the message
	}{
		{"none", "", -1, nil},
		{"a table", file("tees.yaml", "tdx: {runtimeClass: kata}\n"), 1, nil},
		{"a table without types", file("tees.json", "{}"), 0, nil},
		{"no such file", filepath.Join(t.TempDir(), "missing.yaml"), 0, []string{"--tee-config=", "missing.yaml", "can't be read", "no such file"}},
		{"a folder", t.TempDir(), 0, []string{"--tee-config=", "can't be read", "directory"}},
		{"a bad table", file("bad.yaml", "tdx: {runtimeClass: Kata_1}\n"), 0, []string{"--tee-config=", "bad.yaml", `"tdx"`, "runtimeClass", "lower-case"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse([]string{"--tee-config", tt.path}, environ())
			if tt.refused != nil {
				if err == nil {
					t.Fatalf("accepted: %+v", got.TEEs)
				}
				for _, part := range tt.refused {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("the message lacks %q: %s", part, err)
					}
				}
				if strings.Contains(err.Error(), "\n") {
					t.Errorf("more than one line: %s", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if (got.TEEs == nil) != (tt.types < 0) || len(got.TEEs) != max(tt.types, 0) {
				t.Errorf("got %+v", got.TEEs)
			}
		})
	}
}
