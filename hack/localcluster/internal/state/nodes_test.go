// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"net/netip"
	"strings"
	"testing"
)

// TestOneNode: the files, name and addresses of a cluster's only node are where its users look for
// them.
func TestOneNode(t *testing.T) {
	c := &Cluster{Name: "one", Network: 7, RealNodes: 1, Dir: "/state"}
	nodes := c.ListNodes()
	want := Node{Name: "one-node", Number: 1, Dir: "/state", Address: "10.200.7.2", PodCIDR: "10.244.0.0/24", Cgroup: "/hourglass-7-one"}
	if len(nodes) != 1 || nodes[0] != want || nodes[0].Further() {
		t.Errorf("got %+v, want only %+v", nodes, want)
	}
}

func TestNodesShareNothing(t *testing.T) {
	c := &Cluster{Name: "many", Network: 7, RealNodes: MaxRealNodes, Dir: "/state"}
	network := netip.MustParsePrefix(c.HostAddress() + "/29").Masked()
	pods := netip.MustParsePrefix(PodCIDRs)
	seen := map[string]string{c.HostAddress(): "the machine", "10.200.7.7": "the broadcast address"}
	for i, n := range c.ListNodes() {
		if n.Further() != (i > 0) {
			t.Errorf("node %s: Further is %t", n.Name, n.Further())
		}
		for _, value := range []string{n.Name, n.Dir, n.Address, n.PodCIDR, n.Cgroup} {
			if other := seen[value]; other != "" {
				t.Errorf("%s and %s share %s", n.Name, other, value)
			}
			seen[value] = n.Name
		}
		if !network.Contains(netip.MustParseAddr(n.Address)) {
			t.Errorf("node %s: address %s is not in %s", n.Name, n.Address, network)
		}
		if r := netip.MustParsePrefix(n.PodCIDR); !pods.Contains(r.Addr()) || r.Bits() < pods.Bits() {
			t.Errorf("node %s: %s is not in %s", n.Name, r, pods)
		}
		if found, err := c.FindNode(n.Name); err != nil || found != n {
			t.Errorf("looking for %s found %+v, %v", n.Name, found, err)
		}
	}
	if _, err := c.FindNode("gpu-1"); err == nil || !strings.Contains(err.Error(), "many-node, many-node-2") {
		t.Errorf("looking for a node that does not exist: %v", err)
	}
}
