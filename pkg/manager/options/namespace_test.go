// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLeaseNamespace(t *testing.T) {
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
		{"set by the flag", LeaderElection{ResourceNamespace: "flag", PodNamespace: "pod"}, file, "flag"},
		{"service account", LeaderElection{PodNamespace: "pod"}, file, "account"},
		{"environment", LeaderElection{PodNamespace: "pod"}, file + ".no", "pod"},
		{"unknown", LeaderElection{}, file + ".no", "hourglass-system"},
	} {
		if got := tt.options.leaseNamespace(tt.file); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
