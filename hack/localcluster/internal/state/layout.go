// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"path/filepath"
)

// Where a real node's processes find the cluster's files, whatever the path is
// outside. It is short (socket paths are limited) and always the same.
const (
	InnerState = "/run/hourglass/state"
	InnerCache = "/run/hourglass/cache"
)

// layout is where a cluster's own processes see its files: they may live in
// other mounts than this process (see namespaces.go).
type Layout struct {
	state string
	bins  map[string]string // component name to folder
}

// layout is how the cluster's processes see its files.
func (c *Cluster) Layout() Layout {
	if c.Nodes == NodesReal {
		return innerLayout(c.Programs)
	}
	return Layout{state: c.Dir, bins: c.Programs}
}

func (l Layout) File(elem ...string) string {
	return filepath.Join(append([]string{l.state}, elem...)...)
}

// Folder is the folder of a component's programs.
func (l Layout) Folder(component string) string { return l.bins[component] }

func (l Layout) Program(component, name string) string {
	return filepath.Join(l.bins[component], name)
}

// innerLayout is the layout of a real node's own processes.
func innerLayout(bins map[string]string) Layout {
	l := Layout{state: InnerState, bins: map[string]string{}}
	for name, dir := range bins {
		l.bins[name] = filepath.Join(InnerCache, filepath.Base(dir))
	}
	return l
}
