// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed manifests/kwok.yaml
var kwokStages []byte

//go:embed manifests/kwok-rights.yaml
var kwokRights string

// Simulated nodes and pods have addresses that nobody has: of the ranges for
// documentation and for benchmarks. So no Service can lead from a simulated
// pod's address to a real pod.
const (
	simulatedNodeIP  = "192.0.2.1"
	simulatedPodCIDR = "198.18.0.0/15"
)

// writeKwok writes what kwok reads.
func (c *cluster) writeKwok() error {
	if err := c.writeKubeconfig(c.path("kwok.kubeconfig"), "kwok"); err != nil {
		return err
	}
	return os.WriteFile(c.path("kwok.yaml"), kwokStages, 0o600)
}

// kwokDaemon simulates the nodes that carry kwok's annotation, and no others.
func (c *cluster) kwokDaemon(l layout) daemon {
	// A kwok that was restarted takes its nodes up when the leases of the one
	// before have run out. Beside a real node it is there to be stopped and
	// started again; otherwise there may be thousands of leases to renew.
	lease := 40
	if c.Nodes == nodesReal {
		lease = 10
	}
	return daemon{kwok.name, []string{
		l.program(kwok.name, "kwok"),
		"--kubeconfig=" + l.file("kwok.kubeconfig"),
		"--config=" + l.file("kwok.yaml"),
		"--manage-all-nodes=false",
		"--manage-nodes-with-annotation-selector=" + kwokAnnotation + "=" + kwokFake,
		"--node-ip=" + simulatedNodeIP,
		"--cidr=" + simulatedPodCIDR,
		fmt.Sprintf("--node-lease-duration-seconds=%d", lease),
		"--server-address=",
	}}
}

// startKwok gives kwok its rights and starts it.
func (c *cluster) startKwok(ctx context.Context) error {
	if err := c.apply(ctx, kwokRights); err != nil {
		return err
	}
	return c.start(ctx, kwok.name)
}

// addKwok makes kwok a component of a cluster that was started without it, and
// starts it where it does not run. It returns the cluster as it then is.
func addKwok(ctx context.Context, name string) (*cluster, error) {
	c, err := runningCluster(name)
	if err != nil {
		return nil, err
	}
	if c.Nodes == nodesNone {
		return nil, fmt.Errorf("cluster %q has no scheduler and no controller manager, so it can have no nodes; `up --nodes real` and `fake` start them", name)
	}
	dir := c.Programs[kwok.name]
	if dir == "" {
		// A real node's processes see no cache but the one that it started with.
		if cache := filepath.Dir(c.Programs[controlPlane.name]); c.Nodes == nodesReal && cache != cacheRoot() {
			return nil, fmt.Errorf("cluster %q has its programs in %s; set HOURGLASS_CACHE to that", name, cache)
		}
		// Before the lock, as it may take minutes in which others want to end
		// the cluster.
		built, err := ensureBuilt(ctx, []component{kwok})
		if err != nil {
			return nil, err
		}
		dir = built[kwok.name]
	}
	lock, err := lockDir(ctx, c.dir, func() { say("Another command works on cluster %q; waiting for it.", name) })
	if err != nil {
		return nil, err
	}
	defer func() {
		lock.Close()
		_ = os.Remove(c.dir) // where the cluster went meanwhile; else it is not empty
	}()
	if c, err = runningCluster(name); err != nil {
		return nil, err
	}
	if c.Programs[kwok.name] == "" {
		if err := c.registerKwok(ctx, dir); err != nil {
			return nil, err
		}
	}
	return c, c.startKwok(ctx)
}

func (c *cluster) registerKwok(ctx context.Context, dir string) error {
	if err := c.writeKwok(); err != nil {
		return err
	}
	c.Programs[kwok.name] = dir
	d := c.kwokDaemon(c.layout())
	if _, err := c.send(ctx, request{Do: "add", Component: d.Name, Args: d.Args}); err != nil {
		return err
	}
	return c.save()
}
