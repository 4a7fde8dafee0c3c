// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"fmt"
	"runtime/debug"
	"strings"

	"k8s.io/component-base/version"
)

// Build is the version of a binary and how it was built.
type Build struct {
	Version   string // such as v0.1.0, or devel if the build was not stamped
	Commit    string // of the source, with the suffix "-dirty" if it had changes; unknown if not recorded
	Date      string // of the build, RFC 3339; unknown if not recorded
	GoVersion string // of the compiler, such as go1.26.0
	Platform  string // such as linux/amd64
}

// CurrentBuild returns the build of this binary: what the linker set in component-base's version
// package, or after a plain "go build" what Go recorded.
func CurrentBuild() Build {
	stamped := version.Get()
	b := Build{
		Version:   stamped.GitVersion,
		Commit:    stamped.GitCommit,
		Date:      stamped.BuildDate,
		GoVersion: stamped.GoVersion,
		Platform:  stamped.Platform,
	}
	if stamped.GitTreeState == "dirty" {
		b.Commit += "-dirty"
	}
	// Without a stamp component-base has the placeholders of git, and a version of Kubernetes.
	if strings.Contains(b.Version, "$Format") {
		b.Version, b.Commit, b.Date = "devel", "unknown", "unknown"
		if info, ok := debug.ReadBuildInfo(); ok {
			b.fillFrom(info.Settings)
		}
	}
	return b
}

func (b *Build) fillFrom(settings []debug.BuildSetting) {
	dirty := false
	for _, s := range settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			dirty = s.Value == "true"
		}
	}
	if dirty {
		b.Commit += "-dirty"
	}
}

// String returns the line that --version prints.
func (b Build) String() string {
	return fmt.Sprintf("hourglass-operator %s (commit %s, built %s, %s, %s)",
		b.Version, b.Commit, b.Date, b.GoVersion, b.Platform)
}
