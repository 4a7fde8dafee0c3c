// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestCurrentBuildHasNoPlaceholders(t *testing.T) {
	line := CurrentBuild().String()
	if !strings.HasPrefix(line, "hourglass-operator ") || strings.ContainsAny(line, "$\n") || strings.Contains(line, "1970") {
		t.Errorf("got %q", line)
	}
}

func TestBuildFromGoSettings(t *testing.T) {
	b := Build{Version: "devel", Commit: "unknown", Date: "unknown", GoVersion: "go1", Platform: "p"}
	b.fillFrom([]debug.BuildSetting{{Key: "vcs.modified", Value: "true"}, {Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}})
	if want := "hourglass-operator devel (commit abc-dirty, built 2026-01-02T03:04:05Z, go1, p)"; b.String() != want {
		t.Errorf("got %q, want %q", b, want)
	}
}
