// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/kwok"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// ConnectNetwork connects the supervisor's network namespace to the machine with a veth pair.
func ConnectNetwork(ctx context.Context, c *state.Cluster) error {
	pid := strconv.Itoa(c.Supervisor)
	inside := []string{"nsenter", "--net=/proc/" + pid + "/ns/net"}
	commands := [][]string{
		{"ip", "link", "add", c.HostLink(), "type", "veth", "peer", "name", "eth0", "netns", pid},
		{"ip", "address", "add", c.HostAddress() + "/30", "dev", c.HostLink()},
		{"ip", "link", "set", c.HostLink(), "up"},
		append(inside, "ip", "link", "set", "lo", "up"),
		append(inside, "ip", "address", "add", c.Address+"/30", "dev", "eth0"),
		append(inside, "ip", "link", "set", "eth0", "up"),
		// Outgoing packets need a route before their Service addresses can be translated.
		append(inside, "ip", "route", "add", "default", "via", c.HostAddress()),
		// Connections to simulated nodes and pods fail at once.
		append(inside, "ip", "route", "add", "unreachable", kwok.NodeIP),
		append(inside, "ip", "route", "add", "unreachable", kwok.PodCIDR),
	}
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
