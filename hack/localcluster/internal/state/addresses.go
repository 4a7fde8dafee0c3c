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

// A real node lives in a network namespace of its own. A pair of links joins
// it to this machine: cluster n has 10.200.n.2 (API server, node), this
// machine 10.200.n.1.
const networks = 254

func (c *Cluster) HostAddress() string { return fmt.Sprintf("10.200.%d.1", c.Network) }

func (c *Cluster) HostLink() string { return fmt.Sprintf("hourglass%d", c.Network) }

func innerAddress(n int) string { return fmt.Sprintf("10.200.%d.2", n) }

// allocateNetwork picks the first pair of addresses that no cluster of this
// user and no interface of this machine has.
func (c *Cluster) AllocateNetwork() error {
	taken := map[int]bool{}
	others, err := All()
	if err != nil {
		return err
	}
	for _, o := range others {
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
	return errors.New("every network from 10.200.1.0 to 10.200.254.0 is taken; `localcluster list` shows by which clusters")
}

func overlaps(addresses []net.Addr, ip net.IP) bool {
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.Contains(ip) {
			return true
		}
	}
	return false
}

// allocatePorts picks free ports of the loopback address, below those that
// the system hands to outgoing connections, and not another cluster's.
func (c *Cluster) AllocatePorts(names ...string) error {
	taken := map[int]bool{}
	others, err := All()
	if err != nil {
		return err
	}
	for _, o := range others {
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
			return errors.New("found no free port on 127.0.0.1 between 20000 and 32000")
		}
	}
	return nil
}
