// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/api"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/controlplane"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/kwok"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/node"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

// launch writes the files of the cluster, starts its supervisor, then each component once those that
// it depends on are ready.
func launch(ctx context.Context, c *state.Cluster, o Options, programs map[string]string) (*supervisor.Handle, error) {
	c.Nodes, c.Foreground, c.Audit, c.Created = o.Nodes, o.Foreground, o.Audit, time.Now()
	c.Programs = programs
	if c.Nodes == state.NodesReal {
		c.RealNodes = o.RealNodes
	}
	if err := allocate(ctx, c); err != nil {
		return nil, err
	}
	if err := writeFiles(c, o); err != nil {
		return nil, err
	}
	s, err := supervisor.Start(c)
	if err != nil {
		return nil, err
	}
	if c.Nodes == state.NodesReal {
		if err := node.CreateCgroup(c.Cgroup()); err != nil {
			return nil, err
		}
		if err := node.ConnectNetwork(ctx, c); err != nil {
			return nil, err
		}
	}
	if err := startAll(ctx, c, o); err != nil {
		return nil, err
	}
	c.Ready = true
	return s, c.Save()
}

// allocate reserves the addresses and ports of the cluster, one `up` at a time.
func allocate(ctx context.Context, c *state.Cluster) error {
	lock, err := state.LockDir(ctx, state.ClustersDir(), func() {})
	if err != nil {
		return err
	}
	defer lock.Close()
	switch c.Nodes {
	case state.NodesReal:
		err = c.AllocateNetwork()
	case state.NodesFake:
		err = c.AllocatePorts("apiserver", "etcd", "etcd-peer", "kube-controller-manager", "kube-scheduler")
	default:
		err = c.AllocatePorts("apiserver", "etcd", "etcd-peer")
	}
	if err != nil {
		return err
	}
	return c.Save()
}

// specs returns the configurations of the supervisors by their state folders.
func specs(c *state.Cluster, o Options) (map[string]supervisor.Spec, error) {
	l := c.Layout()
	cluster := supervisor.Spec{Path: supervisor.SystemPath, Daemons: controlplane.Daemons(c, l)}
	all := map[string]supervisor.Spec{}
	switch c.Nodes {
	case state.NodesReal:
		cluster.Namespaces, cluster.Cache, cluster.Path = true, state.CacheRoot(), node.SearchPath(l)
		for _, n := range c.ListNodes() {
			if !n.Further() {
				cluster.Daemons = append(cluster.Daemons, node.Daemons(n, l)...)
				continue
			}
			cluster.Daemons = append(cluster.Daemons, node.SupervisorDaemon(n))
			all[n.Dir] = supervisor.Spec{
				Namespaces: true, Cache: state.InnerCache, Node: n.Name, Path: cluster.Path, Daemons: node.Daemons(n, l),
			}
		}
	case state.NodesFake:
		cluster.Daemons = append(cluster.Daemons, kwok.Daemon(c, l))
	}
	all[c.Dir] = cluster
	return all, addArgs(all, o.Args)
}

// addArgs adds flags to the components that they are for.
func addArgs(all map[string]supervisor.Spec, args map[string][]string) error {
	names := map[string]bool{}
	for _, spec := range all {
		for i, d := range spec.Daemons {
			if !d.Node {
				names[d.Name] = true
				spec.Daemons[i].Args = slices.Concat(d.Args, args[d.Name])
			}
		}
	}
	for name := range args {
		if !names[name] {
			return fmt.Errorf("--arg: unknown component %q: this cluster has %s", name, strings.Join(slices.Sorted(maps.Keys(names)), ", "))
		}
	}
	return nil
}

// writeFiles writes the files that supervisors and daemons read.
func writeFiles(c *state.Cluster, o Options) error {
	if err := controlplane.WriteFiles(c); err != nil {
		return err
	}
	for _, n := range c.ListNodes() {
		if err := node.WriteFiles(c, n); err != nil {
			return err
		}
	}
	if c.Nodes == state.NodesFake {
		if err := kwok.WriteFiles(c); err != nil {
			return err
		}
	}
	all, err := specs(c, o)
	if err != nil {
		return err
	}
	for dir, spec := range all {
		data, err := json.MarshalIndent(spec, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "supervisor.json"), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// startAll starts the components in order and waits until the cluster is ready.
func startAll(ctx context.Context, c *state.Cluster, o Options) error {
	client, err := api.New(c)
	if err != nil {
		return err
	}
	server := []string{"etcd", "kube-apiserver"}
	if err := supervisor.StartComponents(ctx, c.Dir, server...); err != nil {
		return err
	}
	progress.Printf("Starting etcd and the API server.")
	for _, path := range []string{"/readyz", "/api/v1/namespaces/default", "/api/v1/namespaces/kube-system"} {
		if err := supervisor.WaitFor(ctx, c.Dir, supervisor.Condition{
			Name: "a ready API server", Timeout: 2 * time.Minute,
			Components: server,
			Check:      client.Exists(path),
		}); err != nil {
			return err
		}
	}
	if c.Nodes == state.NodesNone {
		return nil
	}
	progress.Printf("Starting the controller manager and the scheduler.")
	if err := supervisor.StartComponents(ctx, c.Dir, "kube-controller-manager", "kube-scheduler"); err != nil {
		return err
	}
	if c.Nodes == state.NodesReal {
		err = node.Start(ctx, c, client)
	} else {
		err = kwok.StartNodes(ctx, c, client, o.FakeNodes)
	}
	if err != nil {
		return err
	}
	return supervisor.WaitFor(ctx, c.Dir, supervisor.Condition{
		Name: "a working controller manager", Timeout: time.Minute,
		Components: []string{"kube-controller-manager"},
		Check:      client.Exists("/api/v1/namespaces/default/serviceaccounts/default"),
	})
}
