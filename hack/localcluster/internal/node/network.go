// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/kwok"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// bridge is the bridge in the network namespace of the supervisor, and so of the first node. It
// connects the nodes and the machine.
const bridge = "nodes0"

// masquerade gives packets of pods to other addresses than those of pods the address of their node,
// since the machine has no route to pods.
const masquerade = `table ip hourglass {
	chain postrouting {
		type nat hook postrouting priority srcnat
		ip saddr ` + state.PodCIDRs + ` ip daddr != { ` + state.PodCIDRs + `, 224.0.0.0/4 } masquerade
	}
}`

// ConnectNetwork connects the supervisor's network namespace to the machine with a veth pair.
func ConnectNetwork(ctx context.Context, c *state.Cluster) error {
	pid := strconv.Itoa(c.Supervisor)
	inside := enter("/proc/" + pid)
	commands := [][]string{
		{"ip", "link", "add", c.HostLink(), "type", "veth", "peer", "name", "eth0", "netns", pid},
		{"ip", "address", "add", prefix(c.HostAddress()), "dev", c.HostLink()},
		{"ip", "link", "set", c.HostLink(), "up"},
		// Without an address of its own, a bridge takes over one of its ports, which changes with
		// them.
		inside("ip", "link", "add", bridge, "address", hardwareAddress(c.Address), "type", "bridge"),
		inside("ip", "link", "set", "eth0", "master", bridge, "up"),
	}
	return run(ctx, append(commands, configure(c, c.ListNodes()[0], inside, bridge)...))
}

// connectNode connects the network namespace of a further node to the bridge with a veth pair. proc
// is the folder in /proc of a process in that namespace.
func connectNode(ctx context.Context, c *state.Cluster, n state.Node, proc string) error {
	if err := disconnectNode(ctx, c, n); err != nil {
		return err
	}
	outside, inside := enterSupervisor(c), enter(proc)
	commands := [][]string{
		outside("ip", "link", "add", nodeLink(n), "master", bridge, "up", "type", "veth",
			"peer", "name", "eth0", "address", hardwareAddress(n.Address), "netns", proc+"/ns/net"),
	}
	return run(ctx, append(commands, configure(c, n, inside, "eth0")...))
}

// disconnectNode removes the veth pair of a further node. That pair may also be left from a node
// whose processes have just ended: the kernel removes their network namespace a moment later.
func disconnectNode(ctx context.Context, c *state.Cluster, n state.Node) error {
	outside := enterSupervisor(c)
	if exists := run(ctx, [][]string{outside("ip", "link", "show", nodeLink(n))}) == nil; !exists {
		return nil
	}
	return run(ctx, [][]string{outside("ip", "link", "delete", nodeLink(n))})
}

// configure returns the commands that configure the network namespace of a node, whose address the
// device gets.
func configure(c *state.Cluster, n state.Node, inside func(...string) []string, device string) [][]string {
	commands := [][]string{
		inside("ip", "link", "set", "lo", "up"),
		inside("ip", "address", "add", prefix(n.Address), "dev", device),
		inside("ip", "link", "set", device, "up"),
		// Outgoing packets need a route before their Service addresses can be translated.
		inside("ip", "route", "add", "default", "via", c.HostAddress()),
		// Connections to simulated nodes and pods fail at once.
		inside("ip", "route", "add", "unreachable", kwok.NodeIP),
		inside("ip", "route", "add", "unreachable", kwok.PodCIDR),
		inside("nft", masquerade),
	}
	for _, other := range c.ListNodes() {
		if other.Name != n.Name {
			commands = append(commands, inside("ip", "route", "add", other.PodCIDR, "via", other.Address))
		}
	}
	return commands
}

// nodeLink returns the name of the bridge's end of a further node's veth pair.
func nodeLink(n state.Node) string { return fmt.Sprintf("node%d", n.Number) }

// hardwareAddress returns a hardware address for an IP address. It stays the same when a node is
// restarted, as that of a real machine does, so that no neighbor has to learn it again.
func hardwareAddress(ip string) string {
	b := netip.MustParseAddr(ip).As4()
	return net.HardwareAddr(append([]byte{0x02, 0x00}, b[:]...)).String()
}

func prefix(address string) string { return fmt.Sprintf("%s/%d", address, state.NetworkBits) }

// enter returns a function that returns the command which runs a command in the network namespace
// of a process.
func enter(proc string) func(command ...string) []string {
	return func(command ...string) []string {
		return append([]string{"nsenter", "--net=" + proc + "/ns/net"}, command...)
	}
}

func enterSupervisor(c *state.Cluster) func(command ...string) []string {
	return enter("/proc/" + strconv.Itoa(c.Supervisor))
}

func run(ctx context.Context, commands [][]string) error {
	for _, args := range commands {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}

// LinkGone returns whether the machine's end of the veth pair is gone. The kernel removes it with the
// network namespace of the other end.
func LinkGone(c *state.Cluster) bool {
	if c.Network == 0 {
		return true
	}
	_, err := net.InterfaceByName(c.HostLink())
	return err != nil
}
