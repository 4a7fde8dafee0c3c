// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"path/filepath"
)

// InnerState and InnerCache are the state and cache folders as the processes of a real node see
// them. These paths are short, since the length of a socket's path is limited.
const (
	InnerState = "/run/hourglass/state"
	InnerCache = "/run/hourglass/cache"
)

// Layout maps the files of a cluster to the paths at which the cluster's processes see them. The
// processes of a real node have their own mounts (package node, mounts.go).
type Layout struct {
	state string
	bins  map[string]string // component name to folder
}

// Layout returns the layout of the cluster's processes.
func (c *Cluster) Layout() Layout {
	if c.Nodes == NodesReal {
		return innerLayout(c.Programs)
	}
	return Layout{state: c.Dir, bins: c.Programs}
}

// File returns a path in the state folder.
func (l Layout) File(elem ...string) string {
	return filepath.Join(append([]string{l.state}, elem...)...)
}

// Folder returns the folder of a component's programs.
func (l Layout) Folder(component string) string { return l.bins[component] }

// Program returns the path of a program.
func (l Layout) Program(component, name string) string {
	return filepath.Join(l.bins[component], name)
}

// innerLayout returns the layout of the processes of a real node.
func innerLayout(bins map[string]string) Layout {
	l := Layout{state: InnerState, bins: map[string]string{}}
	for name, dir := range bins {
		l.bins[name] = filepath.Join(InnerCache, filepath.Base(dir))
	}
	return l
}
