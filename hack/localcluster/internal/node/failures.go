// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/api"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

// Kill takes the power from a further node.
func Kill(ctx context.Context, c *state.Cluster, n state.Node) error {
	if !n.Further() {
		return fmt.Errorf("node %s can't be killed, since it shares its processes and its network with the control plane: "+
			"kill a further node (`up --real-nodes 2`), or use `localcluster stop-node --name %s %[1]s`", n.Name, c.Name)
	}
	if _, err := supervisor.ProcessFolder(ctx, c, n); err != nil {
		return err
	}
	// First the network: the kernel closes the connections of processes that end, and the other ends
	// would learn of it.
	if err := disconnectNode(ctx, c, n); err != nil {
		return err
	}
	_, err := supervisor.Ask(ctx, c.Dir, "kill", n.Name)
	return err
}

// Stop stops the kubelet and containerd of a node. Its containers go on.
func Stop(ctx context.Context, c *state.Cluster, n state.Node) error {
	if _, err := supervisor.ProcessFolder(ctx, c, n); err != nil {
		return err
	}
	for _, daemon := range []string{kubelet, containerd} {
		if _, err := supervisor.Ask(ctx, n.Dir, "stop", daemon); err != nil {
			return err
		}
	}
	return nil
}

// Recover starts what a node lacks after Kill or Stop, and waits until the node is ready.
func Recover(ctx context.Context, c *state.Cluster, client *api.Client, n state.Node) error {
	if err := startContainerd(ctx, c, n); err != nil {
		return err
	}
	return startKubelet(ctx, client, n)
}
