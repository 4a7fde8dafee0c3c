// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/api"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/node"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

// KillNode takes the power from a real node.
func KillNode(ctx context.Context, cluster, name string) error {
	return withNode(ctx, cluster, name, func(c *state.Cluster, n state.Node) error {
		if err := node.Kill(ctx, c, n); err != nil {
			return err
		}
		progress.Printf("Node %s of cluster %q is off.", name, cluster)
		return nil
	})
}

// StopNode stops the kubelet of a real node, while its containers go on.
func StopNode(ctx context.Context, cluster, name string) error {
	return withNode(ctx, cluster, name, func(c *state.Cluster, n state.Node) error {
		if err := node.Stop(ctx, c, n); err != nil {
			return err
		}
		progress.Printf("The kubelet and containerd of node %s of cluster %q are stopped. Its containers go on.", name, cluster)
		return nil
	})
}

// StartNode starts a real node after KillNode or StopNode, and waits until it is ready.
func StartNode(ctx context.Context, cluster, name string) error {
	return withNode(ctx, cluster, name, func(c *state.Cluster, n state.Node) error {
		client, err := api.New(c)
		if err != nil {
			return err
		}
		if err := node.Recover(ctx, c, client, n); err != nil {
			return err
		}
		progress.Printf("Node %s of cluster %q is ready.", name, cluster)
		return nil
	})
}

// withNode calls f with a real node of a running cluster, which is locked meanwhile.
func withNode(ctx context.Context, cluster, name string, f func(*state.Cluster, state.Node) error) error {
	c, unlock, err := lockRunning(ctx, cluster)
	if err != nil {
		return err
	}
	defer unlock()
	n, err := c.FindNode(name)
	if err != nil {
		return err
	}
	return f(c, n)
}
