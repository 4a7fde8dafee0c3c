// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
	"strings"
)

// A real node lives in a network namespace of its own. A pair of links joins
// it to this machine: cluster n has 10.200.n.2 (API server, node), this
// machine 10.200.n.1. Pods have addresses that exist inside alone.
const (
	podCIDR  = "10.244.0.0/24"
	networks = 254
)

func (c *cluster) hostAddress() string { return fmt.Sprintf("10.200.%d.1", c.Network) }
func (c *cluster) hostLink() string    { return fmt.Sprintf("hourglass%d", c.Network) }
func innerAddress(n int) string        { return fmt.Sprintf("10.200.%d.2", n) }

// allocateNetwork picks the first pair of addresses that no cluster of this
// user and no interface of this machine has.
func (c *cluster) allocateNetwork() error {
	taken := map[int]bool{}
	others, err := allClusters()
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
func (c *cluster) allocatePorts(names ...string) error {
	taken := map[int]bool{}
	others, err := allClusters()
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

// connectNetwork joins the supervisor's network namespace to this machine's.
func (c *cluster) connectNetwork(ctx context.Context) error {
	pid := strconv.Itoa(c.Supervisor)
	inside := []string{"nsenter", "--net=/proc/" + pid + "/ns/net"}
	commands := [][]string{
		{"ip", "link", "add", c.hostLink(), "type", "veth", "peer", "name", "eth0", "netns", pid},
		{"ip", "address", "add", c.hostAddress() + "/30", "dev", c.hostLink()},
		{"ip", "link", "set", c.hostLink(), "up"},
		append(inside, "ip", "link", "set", "lo", "up"),
		append(inside, "ip", "address", "add", c.Address+"/30", "dev", "eth0"),
		append(inside, "ip", "link", "set", "eth0", "up"),
		// Service addresses are translated on their way out, for which there
		// must be a way out.
		append(inside, "ip", "route", "add", "default", "via", c.hostAddress()),
		// Nobody answers for simulated nodes and pods: say so at once.
		append(inside, "ip", "route", "add", "unreachable", simulatedNodeIP),
		append(inside, "ip", "route", "add", "unreachable", simulatedPodCIDR),
	}
	for _, args := range commands {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// linkGone tells whether this machine's end of the pair has vanished, as it
// does with the namespace that the other end is in.
func (c *cluster) linkGone() bool {
	if c.Network == 0 {
		return true
	}
	_, err := net.InterfaceByName(c.hostLink())
	return err != nil
}
