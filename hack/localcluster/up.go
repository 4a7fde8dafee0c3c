// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/build"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/lifecycle"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/progress"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

func runUp(ctx context.Context, args []string) error {
	fs := newFlags("up")
	var o lifecycle.Options
	fs.StringVar(&o.Name, "name", state.DefaultName, "name of the cluster; several clusters can run at the same time")
	fs.StringVar(&o.Nodes, "nodes", "",
		"kind of nodes: real (a node that runs containers; needs root), fake (nodes simulated by kwok) or none (only etcd and API server); by default real for root, fake for other users")
	fs.IntVar(&o.RealNodes, "real-nodes", 1, fmt.Sprintf("number of real nodes, at most %d, with --nodes real", state.MaxRealNodes))
	fs.IntVar(&o.FakeNodes, "fake-nodes", 1, "number of simulated nodes, with --nodes fake")
	fs.BoolVar(&o.Foreground, "foreground", false,
		"print KUBECONFIG=PATH when the cluster is ready, and stop the cluster when standard input ends or on SIGINT or SIGTERM")
	fs.BoolVar(&o.Audit, "audit", true,
		"write the API server's audit log (metadata of requests, no bodies) to audit.log in the state folder")
	o.Args = map[string][]string{}
	fs.Func("arg", "flag to add to a component, `COMPONENT=FLAG`, such as kube-controller-manager=--node-monitor-grace-period=20s; can be repeated",
		func(s string) error {
			component, flag, ok := strings.Cut(s, "=")
			if !ok || component == "" || flag == "" {
				return errors.New("expected COMPONENT=FLAG")
			}
			o.Args[component] = append(o.Args[component], flag)
			return nil
		})
	if err := parseNone(fs, args); err != nil {
		return err
	}
	if err := state.CheckName(o.Name); err != nil {
		return err
	}
	kind, reason := defaultNodes()
	switch o.Nodes {
	case "":
		o.Nodes = kind
		if kind == state.NodesFake {
			progress.Printf("Using simulated nodes: %s. Pods become Running, but their containers do not run.", reason)
		}
	case state.NodesReal:
		if kind != state.NodesReal {
			return fmt.Errorf("--nodes real: %s; --nodes fake simulates a node", reason)
		}
	case state.NodesFake, state.NodesNone:
	default:
		return fmt.Errorf("--nodes: invalid value %q: expected real, fake or none", o.Nodes)
	}
	switch {
	case o.RealNodes < 1 || o.RealNodes > state.MaxRealNodes:
		return fmt.Errorf("--real-nodes: invalid value %d: expected 1 to %d", o.RealNodes, state.MaxRealNodes)
	case o.RealNodes > 1 && o.Nodes != state.NodesReal:
		return fmt.Errorf("--real-nodes: a cluster with --nodes %s has no real nodes", o.Nodes)
	}
	if k := os.Getenv("KUBECONFIG"); k != "" {
		progress.Printf("Ignoring KUBECONFIG (%s): this cluster has its own kubeconfig.", k)
	}
	return lifecycle.Up(ctx, o)
}

// defaultNodes returns the best kind of nodes that this user can have, and the reason why it is not
// state.NodesReal.
func defaultNodes() (kind, reason string) {
	if os.Geteuid() != 0 {
		return state.NodesFake, "a real node needs root"
	}
	return state.NodesReal, ""
}

func runDown(ctx context.Context, args []string) error {
	fs := newFlags("down")
	name := nameFlag(fs)
	if err := parseNone(fs, args); err != nil {
		return err
	}
	if err := state.CheckName(*name); err != nil {
		return err
	}
	return lifecycle.Down(ctx, *name)
}

func runBuild(ctx context.Context, args []string) error {
	fs := newFlags("build")
	parts := []string{build.PartControlPlane, build.PartOlderControlPlane, build.PartNode, build.PartKwok, build.PartAll}
	only := fs.String("only", "", "part to build: "+strings.Join(parts, ", ")+"; by default what `up` needs")
	if err := parseNone(fs, args); err != nil {
		return err
	}
	part := *only
	if part == "" {
		part, _ = defaultNodes()
	}
	cs, err := build.ComponentsFor(part)
	if err != nil {
		return err
	}
	_, err = build.Ensure(ctx, cs)
	return err
}
