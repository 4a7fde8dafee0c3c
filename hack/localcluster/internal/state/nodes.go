// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// MaxRealNodes is the number of real nodes that a cluster can have. Their network has one more
// address.
const MaxRealNodes = 4

// PodCIDRs is the range of the addresses of all pods. They exist only in the networks of the nodes.
const PodCIDRs = "10.244.0.0/16"

// Node is a real node of a cluster. The first node shares its namespaces, files and supervisor with
// the control plane. Each further node has a supervisor of its own, which is a component of the
// cluster.
type Node struct {
	Name string
	// Number is 1 for the first node.
	Number int
	// Dir is the state folder of the node. The first node has that of the cluster.
	Dir     string
	Address string
	// PodCIDR is the range of the addresses of its pods.
	PodCIDR string
	// Cgroup is the path of the cgroup that holds its pods.
	Cgroup string
}

// nodesDir is the folder in the state folder that holds the state folders of the further nodes.
const nodesDir = "nodes"

// ListNodes returns the real nodes of the cluster.
func (c *Cluster) ListNodes() []Node {
	var all []Node
	for i := range c.RealNodes {
		n := Node{
			Name: c.Name + "-node", Number: i + 1, Dir: c.Dir, Cgroup: c.Cgroup(),
			Address: nodeAddress(c.Network, i), PodCIDR: fmt.Sprintf("10.244.%d.0/24", i),
		}
		if n.Further() {
			n.Name = fmt.Sprintf("%s-%d", n.Name, n.Number)
			n.Dir, n.Cgroup = c.Path(nodesDir, n.Name), path.Join(n.Cgroup, n.Name)
		}
		all = append(all, n)
	}
	return all
}

// FindNode returns the real node with a name.
func (c *Cluster) FindNode(name string) (Node, error) {
	var names []string
	for _, n := range c.ListNodes() {
		if n.Name == name {
			return n, nil
		}
		names = append(names, n.Name)
	}
	if len(names) == 0 {
		names = []string{"none"}
	}
	return Node{}, fmt.Errorf("%q is not a real node of cluster %q: its real nodes are %s", name, c.Name, strings.Join(names, ", "))
}

// Further returns whether it is not the first node.
func (n Node) Further() bool { return n.Number > 1 }

// Path returns a path in the state folder of the node.
func (n Node) Path(elem ...string) string {
	return filepath.Join(append([]string{n.Dir}, elem...)...)
}

// InnerDir returns the state folder of a further node as the cluster's supervisor sees it. The
// node's own processes see it at InnerState.
func (n Node) InnerDir() string { return filepath.Join(InnerState, nodesDir, n.Name) }

// Running returns whether the supervisor of the node runs.
func (n Node) Running() bool { return supervised(n.Dir) }
