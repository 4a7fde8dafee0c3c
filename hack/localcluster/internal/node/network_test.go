// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// TestRoutes: each node has a route to the pods of each other one, through that node, and none to
// its own pods, to which the bridge plugin makes one.
func TestRoutes(t *testing.T) {
	c := &state.Cluster{Name: "one", Network: 7, RealNodes: 3}
	for _, n := range c.ListNodes() {
		var got []string
		for _, command := range configure(c, n, enter("/proc/1"), "eth0") {
			if line := strings.Join(command, " "); strings.Contains(line, "route add 10.244.") {
				got = append(got, line)
			}
		}
		var want []string
		for _, other := range c.ListNodes() {
			if other != n {
				want = append(want, "nsenter --net=/proc/1/ns/net ip route add "+other.PodCIDR+" via "+other.Address)
			}
		}
		if len(want) != 2 || !slices.Equal(got, want) {
			t.Errorf("node %s has the routes\n%s\nwant\n%s", n.Name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestHardwareAddress: the address is one that is administered locally and of one device.
func TestHardwareAddress(t *testing.T) {
	if got, want := hardwareAddress("10.200.7.2"), "02:00:0a:c8:07:02"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
