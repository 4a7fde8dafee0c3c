// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
)

// networks is the number of networks for real nodes. In network N, which is 10.200.N.0/29, the
// machine has the address 10.200.N.1, the first node and the API server have 10.200.N.2, and the
// further nodes have the addresses after that.
const networks = 254

// NetworkBits is the length of the prefix of a network.
const NetworkBits = 29

// HostAddress returns the address of the machine in the cluster's network.
func (c *Cluster) HostAddress() string { return fmt.Sprintf("10.200.%d.1", c.Network) }

// HostLink returns the name of the machine's end of the veth pair.
func (c *Cluster) HostLink() string { return fmt.Sprintf("hourglass%d", c.Network) }

// nodeAddress returns the address of the real node with an index in network n.
func nodeAddress(n, index int) string { return fmt.Sprintf("10.200.%d.%d", n, 2+index) }

// AllocateNetwork picks the first network that neither a cluster of this user nor an interface of
// the machine uses. The caller holds the lock of ClustersDir.
func (c *Cluster) AllocateNetwork() error {
	taken := map[int]bool{}
	clusters, err := All()
	if err != nil {
		return err
	}
	for _, o := range clusters {
		taken[o.Network] = true
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	for n := 1; n <= networks; n++ {
		if taken[n] || overlaps(addresses, n) {
			continue
		}
		c.Network, c.Address = n, nodeAddress(n, 0)
		c.Ports = map[string]int{
			"apiserver": 6443, "etcd": 2379, "etcd-peer": 2380,
			"kube-controller-manager": 10257, "kube-scheduler": 10259,
		}
		return nil
	}
	return errors.New("every network from 10.200.1.0 to 10.200.254.0 is in use: `localcluster list` shows the clusters")
}

// overlaps returns whether network n has addresses in common with the networks of the machine.
func overlaps(addresses []net.Addr, n int) bool {
	network := netip.PrefixFrom(netip.MustParseAddr(nodeAddress(n, 0)), NetworkBits)
	for _, a := range addresses {
		if used, err := netip.ParsePrefix(a.String()); err == nil && used.Overlaps(network) {
			return true
		}
	}
	return false
}

// AllocatePorts picks free loopback ports that no other cluster has. They are below the range for
// outgoing connections. The caller holds the lock of ClustersDir.
func (c *Cluster) AllocatePorts(names ...string) error {
	taken := map[int]bool{}
	clusters, err := All()
	if err != nil {
		return err
	}
	for _, o := range clusters {
		for _, port := range o.Ports {
			taken[port] = true
		}
	}
	c.Address, c.Ports = "127.0.0.1", map[string]int{}
	for _, name := range names {
		for range 1000 {
			port := 20000 + rand.IntN(12000)
			if taken[port] {
				continue
			}
			l, err := net.Listen("tcp", net.JoinHostPort(c.Address, strconv.Itoa(port)))
			if err != nil {
				continue
			}
			l.Close()
			taken[port] = true
			c.Ports[name] = port
			break
		}
		if c.Ports[name] == 0 {
			return errors.New("no free port on 127.0.0.1 between 20000 and 32000")
		}
	}
	return nil
}
