// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNamespaceOfLease(t *testing.T) {
	file := filepath.Join(t.TempDir(), "namespace")
	if err := os.WriteFile(file, []byte("account\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		options LeaderElection
		file    string
		want    string
	}{
		{"asked for", LeaderElection{ResourceNamespace: "asked", PodNamespace: "pod"}, file, "asked"},
		{"service account", LeaderElection{PodNamespace: "pod"}, file, "account"},
		{"environment", LeaderElection{PodNamespace: "pod"}, file + ".no", "pod"},
		{"nothing known", LeaderElection{}, file + ".no", "hourglass-system"},
	} {
		if got := tt.options.namespaceOfLease(tt.file); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
