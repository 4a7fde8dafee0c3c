// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

func realCluster(t *testing.T, nodes int) *state.Cluster {
	t.Setenv("HOURGLASS_STATE", t.TempDir())
	c := state.New("one")
	c.Nodes, c.Network, c.RealNodes = state.NodesReal, 7, nodes
	return c
}

func names(daemons []supervisor.Daemon) (all []string) {
	for _, d := range daemons {
		all = append(all, d.Name)
	}
	return all
}

// TestSpecs: each node has a supervisor with its daemons, and only the first shares that of the
// cluster.
func TestSpecs(t *testing.T) {
	controlPlane := []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}
	ofNode := []string{"containerd", "kubelet", "kube-proxy"}
	for nodes, further := range map[int][]string{1: nil, 3: {"one-node-2", "one-node-3"}} {
		c := realCluster(t, nodes)
		all, err := specs(c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := names(all[c.Dir].Daemons), slices.Concat(controlPlane, ofNode, further); !slices.Equal(got, want) || all[c.Dir].Node != "" {
			t.Errorf("with %d nodes: supervisor of node %q with %v, want the cluster's with %v", nodes, all[c.Dir].Node, got, want)
		}
		for _, n := range c.ListNodes()[1:] {
			if got := all[n.Dir]; got.Node != n.Name || !got.Namespaces || !slices.Equal(names(got.Daemons), ofNode) {
				t.Errorf("the supervisor of %s: %+v", n.Name, got)
			}
		}
		if len(all) != nodes {
			t.Errorf("%d supervisors, want %d", len(all), nodes)
		}
	}
}

func TestArgs(t *testing.T) {
	c := realCluster(t, 2)
	const flag = "--v=4"
	all, err := specs(c, Options{Args: map[string][]string{"kubelet": {flag}, "etcd": {flag, flag}}})
	if err != nil {
		t.Fatal(err)
	}
	for dir, spec := range all {
		for _, d := range spec.Daemons {
			want := map[string]int{"kubelet": 1, "etcd": 2}[d.Name]
			if got := strings.Count(strings.Join(d.Args, " "), flag); got != want {
				t.Errorf("%s, %s: the flag %d times, want %d", dir, d.Name, got, want)
			}
		}
	}
	for _, unknown := range []string{"kwok", "one-node-2", ""} {
		if _, err := specs(c, Options{Args: map[string][]string{unknown: {flag}}}); err == nil || !strings.Contains(err.Error(), "kubelet") {
			t.Errorf("a flag of component %q: %v", unknown, err)
		}
	}
}
