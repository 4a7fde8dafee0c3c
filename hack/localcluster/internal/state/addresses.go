// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// networks is the number of networks for real nodes. A real node has its own network namespace, and a
// veth pair connects it to the machine: in network N, the machine has the address 10.200.N.1, the
// node and its API server have 10.200.N.2.
const networks = 254

// HostAddress returns the address of the machine in the cluster's network.
func (c *Cluster) HostAddress() string { return fmt.Sprintf("10.200.%d.1", c.Network) }

// HostLink returns the name of the machine's end of the veth pair.
func (c *Cluster) HostLink() string { return fmt.Sprintf("hourglass%d", c.Network) }

func innerAddress(n int) string { return fmt.Sprintf("10.200.%d.2", n) }

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
		if taken[n] || overlaps(addresses, net.ParseIP(innerAddress(n))) {
			continue
		}
		c.Network, c.Address = n, innerAddress(n)
		c.Ports = map[string]int{
			"apiserver": 6443, "etcd": 2379, "etcd-peer": 2380,
			"kube-controller-manager": 10257, "kube-scheduler": 10259,
		}
		return nil
	}
	return errors.New("every network from 10.200.1.0 to 10.200.254.0 is in use: `localcluster list` shows the clusters")
}

func overlaps(addresses []net.Addr, ip net.IP) bool {
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.Contains(ip) {
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
