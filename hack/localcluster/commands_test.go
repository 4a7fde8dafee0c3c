// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

func TestFindComponent(t *testing.T) {
	c := &state.Cluster{Name: "one", Nodes: state.NodesReal, RealNodes: 2, Dir: "/state"}
	for name, want := range map[string]struct{ dir, component string }{
		"kubelet":            {"/state", "kubelet"},
		"one-node/kubelet":   {"/state", "kubelet"},
		"one-node-2/kubelet": {"/state/nodes/one-node-2", "kubelet"},
		"one-node-2":         {}, // kill-node and its siblings are for nodes
		"other/kubelet":      {},
	} {
		dir, component, err := findComponent(c, name)
		if dir != want.dir || component != want.component || (err == nil) != (want.dir != "") {
			t.Errorf("%s: %s of %s, %v", name, component, dir, err)
		}
	}
}
