// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

type upOptions struct {
	name       string
	nodes      string
	fakeNodes  int
	foreground bool
	audit      bool
}

func runUp(ctx context.Context, args []string) error {
	fs := newFlags("up")
	var o upOptions
	fs.StringVar(&o.name, "name", defaultName, "which cluster; several can run side by side")
	fs.StringVar(&o.nodes, "nodes", "", "real: a node that runs containers (root on Linux); fake: nodes simulated by kwok; none: etcd and API server alone. By default real where it can be, else fake")
	fs.IntVar(&o.fakeNodes, "fake-nodes", 1, "how many simulated nodes, with --nodes fake")
	fs.BoolVar(&o.foreground, "foreground", false, "stay attached: print KUBECONFIG=PATH when ready, and end the cluster when standard input ends or at SIGINT or SIGTERM")
	fs.BoolVar(&o.audit, "audit", true, "write the API server's audit log (who asked for what, no contents) to audit.log in the state folder")
	if err := parseNone(fs, args); err != nil {
		return err
	}
	if err := checkName(o.name); err != nil {
		return err
	}
	kind, why := defaultNodes()
	switch o.nodes {
	case "":
		o.nodes = kind
		if kind == nodesFake {
			say("Containers will be simulated: %s. Pods will say that they run, but no program of theirs does.", why)
		}
	case nodesReal:
		if kind != nodesReal {
			return fmt.Errorf("no real node here: %s; --nodes fake simulates one", why)
		}
	case nodesFake, nodesNone:
	default:
		return fmt.Errorf("--nodes is real, fake or none, not %q", o.nodes)
	}
	if k := os.Getenv("KUBECONFIG"); k != "" {
		say("KUBECONFIG is set (%s); it is not used and not changed: this cluster has a kubeconfig of its own.", k)
	}
	return up(ctx, o)
}

// defaultNodes is the best kind of nodes that can be had here, and why none
// better can.
func defaultNodes() (kind, why string) {
	if os.Geteuid() != 0 {
		return nodesFake, "a real node needs root"
	}
	return nodesReal, ""
}

func up(ctx context.Context, o upOptions) error {
	c := newCluster(o.name)
	lock, err := lockDir(ctx, c.dir, func() { say("Another command works on cluster %q; waiting for it.", o.name) })
	if err != nil {
		return err
	}
	defer func() {
		lock.Close()
		_ = os.Remove(c.dir) // where nothing came of it; else it is not empty
	}()
	if old, err := loadCluster(o.name); err == nil && old.running() {
		if o.foreground {
			return fmt.Errorf("cluster %q is running already; `localcluster down --name %s` ends it, --name starts another", o.name, o.name)
		}
		say("Cluster %q is running already.", o.name)
		sayReady(old)
		return nil
	} else if err == nil {
		say("Cluster %q ended without being taken down; clearing what it left and starting afresh.", o.name)
	}
	bins, err := prepare(ctx, o.nodes)
	if err != nil {
		return err
	}
	if err := clean(ctx, o.name); err != nil {
		return err
	}
	sweep(ctx, o.name)
	// The old folder is gone, and the lock with it.
	lock.Close()
	if lock, err = lockDir(ctx, c.dir, func() {}); err != nil {
		return err
	}
	began := time.Now()
	s, err := launch(ctx, c, o, bins)
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), clean(ctx, o.name))
	}
	if err != nil {
		say("Cluster %q did not start and is being stopped. Its logs stay in %s until `localcluster down --name %s`.", o.name, c.path("logs"), o.name)
		return errors.Join(err, c.end(ctx))
	}
	say("Cluster %q is ready after %s.", c.Name, since(began))
	if !o.foreground {
		sayReady(c)
		return s.letGo()
	}
	fmt.Println("KUBECONFIG=" + c.kubeconfig())
	lock.Close()
	crashed := stay(ctx, s)
	say("Cluster %q ran for %s and ends.", c.Name, since(began))
	ctx = context.WithoutCancel(ctx)
	if lock, err = lockDir(ctx, c.dir, func() {}); err != nil {
		return err
	}
	return errors.Join(crashed, clean(ctx, o.name))
}

// prepare sees to all that a cluster needs before it can start, and returns
// where the programs are.
func prepare(ctx context.Context, nodes string) (map[string]string, error) {
	if nodes == nodesReal {
		if err := ensurePackages(ctx); err != nil {
			return nil, err
		}
	}
	if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" && nodes == nodesNone {
		assets, err := filepath.Abs(assets)
		if err != nil {
			return nil, err
		}
		for program := range controlPlane.programs {
			if _, err := os.Stat(filepath.Join(assets, program)); err != nil {
				return nil, fmt.Errorf("KUBEBUILDER_ASSETS is set but lacks %s: %w; unset it to have that built", program, err)
			}
		}
		say("Using the programs in KUBEBUILDER_ASSETS, %s.", assets)
		return map[string]string{controlPlane.name: assets}, nil
	}
	cs, err := componentsOf(nodes)
	if err != nil {
		return nil, err
	}
	return ensureBuilt(ctx, cs)
}

// launch writes the cluster's files, starts its supervisor, then its
// components, each when what it needs is ready.
func launch(ctx context.Context, c *cluster, o upOptions, bins map[string]string) (*leash, error) {
	c.Nodes, c.Foreground, c.Audit, c.Created = o.nodes, o.foreground, o.audit, time.Now()
	c.Programs = bins
	if err := c.allocate(ctx); err != nil {
		return nil, err
	}
	l := c.layout()
	spec := supervisorSpec{Path: systemPath}
	if c.Nodes == nodesReal {
		spec = supervisorSpec{Namespaces: true, Cache: cacheRoot(), Path: innerPath(l)}
	}
	spec.Daemons = c.daemons(l)
	if err := c.writeFiles(spec); err != nil {
		return nil, err
	}
	s, err := startSupervisor(c)
	if err != nil {
		return nil, err
	}
	if c.Nodes == nodesReal {
		if err := c.createCgroup(); err != nil {
			return nil, err
		}
		if err := c.connectNetwork(ctx); err != nil {
			return nil, err
		}
	}
	if err := c.startAll(ctx, o); err != nil {
		return nil, err
	}
	c.Ready = true
	return s, c.save()
}

// allocate gives the cluster addresses and ports that nobody else has, one
// `up` at a time.
func (c *cluster) allocate(ctx context.Context) error {
	lock, err := lockDir(ctx, clustersDir(), func() {})
	if err != nil {
		return err
	}
	defer lock.Close()
	switch c.Nodes {
	case nodesReal:
		err = c.allocateNetwork()
	case nodesFake:
		err = c.allocatePorts("apiserver", "etcd", "etcd-peer", "kube-controller-manager", "kube-scheduler")
	default:
		err = c.allocatePorts("apiserver", "etcd", "etcd-peer")
	}
	if err != nil {
		return err
	}
	return c.save()
}

// stay waits until something asks for the end of an attached cluster; it is an
// error if that comes by itself.
func stay(ctx context.Context, s *leash) error {
	// A leash that is garbage closes its pipe, and that ends the cluster.
	defer runtime.KeepAlive(s)
	input := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(input)
	}()
	select {
	case <-ctx.Done():
	case <-input:
	case err := <-s.ended:
		if err != nil {
			return fmt.Errorf("the cluster's supervisor ended though nothing asked it to: %w", err)
		}
		say("Another command took the cluster down.")
	}
	return nil
}

func sayReady(c *cluster) {
	say("  export KUBECONFIG=%s", c.kubeconfig())
	say("  export PATH=%s:$PATH   # for kubectl", c.Programs[controlPlane.name])
}
