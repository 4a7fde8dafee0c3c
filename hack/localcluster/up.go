// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
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
	fs.StringVar(&o.Name, "name", state.DefaultName, "which cluster; several can run side by side")
	fs.StringVar(&o.Nodes, "nodes", "", "real: a node that runs containers (root on Linux); fake: nodes simulated by kwok; none: etcd and API server alone. By default real where it can be, else fake")
	fs.IntVar(&o.FakeNodes, "fake-nodes", 1, "how many simulated nodes, with --nodes fake")
	fs.BoolVar(&o.Foreground, "foreground", false, "stay attached: print KUBECONFIG=PATH when ready, and end the cluster when standard input ends or at SIGINT or SIGTERM")
	fs.BoolVar(&o.Audit, "audit", true, "write the API server's audit log (who asked for what, no contents) to audit.log in the state folder")
	if err := parseNone(fs, args); err != nil {
		return err
	}
	if err := state.CheckName(o.Name); err != nil {
		return err
	}
	kind, why := defaultNodes()
	switch o.Nodes {
	case "":
		o.Nodes = kind
		if kind == state.NodesFake {
			progress.Printf("Containers will be simulated: %s. Pods will say that they run, but no program of theirs does.", why)
		}
	case state.NodesReal:
		if kind != state.NodesReal {
			return fmt.Errorf("no real node here: %s; --nodes fake simulates one", why)
		}
	case state.NodesFake, state.NodesNone:
	default:
		return fmt.Errorf("--nodes is real, fake or none, not %q", o.Nodes)
	}
	if k := os.Getenv("KUBECONFIG"); k != "" {
		progress.Printf("KUBECONFIG is set (%s); it is not used and not changed: this cluster has a kubeconfig of its own.", k)
	}
	return lifecycle.Up(ctx, o)
}

// defaultNodes is the best kind of nodes that can be had here, and why none
// better can.
func defaultNodes() (kind, why string) {
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
	only := fs.String("only", "", "what to build: "+strings.Join([]string{build.PartControlPlane, build.PartOlderControlPlane, build.PartNode, build.PartKwok, build.PartAll}, ", ")+
		"; by default what `up` needs here")
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
