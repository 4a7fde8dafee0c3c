// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/api"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/build"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/kwok"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

// AddNode adds a simulated node to a running cluster and waits until it is ready.
func AddNode(ctx context.Context, cluster string, n kwok.Node) error {
	manifest, err := n.Manifest()
	if err != nil {
		return err
	}
	c, err := addKwok(ctx, cluster)
	if err != nil {
		return err
	}
	// Not `apply`, which would turn a real node of that name into a simulated one.
	if err := api.Kubectl(ctx, c, manifest, "create", "-f", "-"); err != nil {
		return err
	}
	client, err := api.New(c)
	if err != nil {
		return err
	}
	if err := supervisor.WaitFor(ctx, c.Dir, supervisor.Condition{
		Name: "a ready simulated node", Timeout: time.Minute,
		Components: []string{build.Kwok.Name},
		Check:      client.NodeReady(n.Name, time.Time{}),
	}); err != nil {
		return err
	}
	progress.Printf("Simulated node %[2]s of cluster %[1]q is ready.", c.Name, n.Name)
	return nil
}

// RemoveNode removes a simulated node from a running cluster.
func RemoveNode(ctx context.Context, cluster, node string) error {
	c, err := state.LoadRunning(cluster)
	if err != nil {
		return err
	}
	client, err := api.New(c)
	if err != nil {
		return err
	}
	var found struct {
		Metadata struct{ Annotations map[string]string }
	}
	if err := client.Get(ctx, "/api/v1/nodes/"+node, &found); err != nil {
		return err
	}
	if !kwok.Simulates(found.Metadata.Annotations) {
		return fmt.Errorf("node %s of cluster %q is not simulated, so it is not removed", node, c.Name)
	}
	if err := api.Kubectl(ctx, c, "", "delete", "node", node); err != nil {
		return err
	}
	progress.Printf("Removed node %s from cluster %q. Its pods are deleted within about a minute.", node, c.Name)
	return nil
}

// addKwok adds kwok to the components of the cluster if it is not one of them, and starts it. It
// returns the record of the cluster after that.
func addKwok(ctx context.Context, name string) (*state.Cluster, error) {
	c, err := state.LoadRunning(name)
	if err != nil {
		return nil, err
	}
	if c.Nodes == state.NodesNone {
		return nil, fmt.Errorf(
			"cluster %q has no controller manager and no scheduler, so it can't have nodes: `localcluster up --nodes real` or `fake` starts a cluster with them", name)
	}
	dir := c.Programs[build.Kwok.Name]
	if dir == "" {
		// The processes of a real node see only the cache with which the cluster was started.
		if cache := filepath.Dir(c.Programs[build.ControlPlane.Name]); c.Nodes == state.NodesReal && cache != state.CacheRoot() {
			return nil, fmt.Errorf("cluster %q was started with another cache: set HOURGLASS_CACHE=%s", name, cache)
		}
		// Before taking the lock, since building takes minutes in which `down` should not have to wait.
		built, err := build.Ensure(ctx, []build.Component{build.Kwok})
		if err != nil {
			return nil, err
		}
		dir = built[build.Kwok.Name]
	}
	c, unlock, err := lockRunning(ctx, name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if c.Programs[build.Kwok.Name] == "" {
		if err := registerKwok(ctx, c, dir); err != nil {
			return nil, err
		}
	}
	return c, kwok.Start(ctx, c)
}

// lockRunning locks a cluster, which must be running, until unlock is called. It returns the record
// of the cluster after that.
func lockRunning(ctx context.Context, name string) (c *state.Cluster, unlock func(), err error) {
	if c, err = state.LoadRunning(name); err != nil {
		return nil, nil, err
	}
	dir := c.Dir
	lock, err := state.LockDir(ctx, dir, func() { progress.Printf("Waiting for another command on cluster %q.", name) })
	if err != nil {
		return nil, nil, err
	}
	unlock = func() {
		lock.Close()
		_ = os.Remove(dir) // succeeds only if it is empty, after the cluster was deleted
	}
	if c, err = state.LoadRunning(name); err != nil {
		unlock()
	}
	return c, unlock, err
}

// registerKwok makes kwok a component of the cluster.
func registerKwok(ctx context.Context, c *state.Cluster, dir string) error {
	if err := kwok.WriteFiles(c); err != nil {
		return err
	}
	c.Programs[build.Kwok.Name] = dir
	d := kwok.Daemon(c, c.Layout())
	if _, err := supervisor.Send(ctx, c.Dir, supervisor.Request{Action: "add", Component: d.Name, Args: d.Args}); err != nil {
		return err
	}
	return c.Save()
}
