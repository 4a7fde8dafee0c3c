// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/build"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/supervisor"
)

func runStatus(ctx context.Context, args []string) error {
	fs := newFlags("status")
	name := nameFlag(fs)
	if err := parseNone(fs, args); err != nil {
		return err
	}
	c, err := state.Load(*name)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cluster %q does not exist: `localcluster up --name %s` creates it", *name, *name)
	}
	if err != nil {
		return err
	}
	fmt.Printf("Cluster:     %s (%s)\nNodes:       %s\nAPI server:  %s\nKubeconfig:  %s\nState, logs: %s\n",
		c.Name, describe(c), c.Nodes, c.URL(), c.Kubeconfig(), c.Dir)
	if !c.Running() {
		return nil
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\nCOMPONENT\tSTATE\tRESTARTS")
	if err := printComponents(ctx, w, c.Dir, ""); err != nil {
		return err
	}
	for _, n := range c.ListNodes() {
		if n.Further() && n.Running() {
			if err := printComponents(ctx, w, n.Dir, n.Name+"/"); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// printComponents prints the components of the cluster, or of the further node, with the state
// folder dir.
func printComponents(ctx context.Context, w io.Writer, dir, prefix string) error {
	r, err := supervisor.Ask(ctx, dir, "status", "")
	if err != nil {
		return err
	}
	for _, s := range r.Components {
		state := "stopped"
		if s.PID != 0 {
			state = "running for " + time.Since(s.Started).Round(time.Second).String()
		}
		fmt.Fprintf(w, "%s%s\t%s\t%d\n", prefix, s.Name, state, s.Restarts)
	}
	return nil
}

// describe returns the state of a cluster for people.
func describe(c *state.Cluster) string {
	switch {
	case c.Running() && c.Ready:
		return "running"
	case c.Running():
		return "starting"
	}
	return "not running: it crashed or was interrupted"
}

func runList(_ context.Context, args []string) error {
	if err := parseNone(newFlags("list"), args); err != nil {
		return err
	}
	all, err := state.All()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATE\tNODES\tAPI SERVER")
	for _, c := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.Name, describe(c), c.Nodes, c.URL())
	}
	return w.Flush()
}

func runKubeconfig(_ context.Context, args []string) error {
	fs := newFlags("kubeconfig")
	name := nameFlag(fs)
	if err := parseNone(fs, args); err != nil {
		return err
	}
	c, err := state.LoadRunning(*name)
	if err == nil {
		fmt.Println(c.Kubeconfig())
	}
	return err
}

func runBinDir(_ context.Context, args []string) error {
	fs := newFlags("bin-dir")
	older := fs.Bool("older", false, "print the folder of "+build.PartOlderControlPlane)
	if err := parseNone(fs, args); err != nil {
		return err
	}
	c := build.ControlPlane
	if *older {
		c = build.OlderControlPlane
	} else if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		fmt.Println(assets)
		return nil
	}
	dir, built, err := c.Folder()
	if err != nil {
		return err
	}
	if !built {
		return fmt.Errorf("%s is not built: run `localcluster build --only %[1]s`", c.Name)
	}
	fmt.Println(dir)
	return nil
}

// controlCommand returns a subcommand that sends an action on one component to the supervisor.
func controlCommand(action string) func(context.Context, []string) error {
	return func(ctx context.Context, args []string) error {
		fs := newFlags(action)
		name := nameFlag(fs)
		rest, err := parse(fs, args)
		if err != nil {
			return err
		}
		if len(rest) != 1 {
			return fmt.Errorf("%s: expected the name of one component: `localcluster status` lists the components", action)
		}
		c, err := state.LoadRunning(*name)
		if err != nil {
			return err
		}
		dir, component, err := findComponent(c, rest[0])
		if err != nil {
			return err
		}
		_, err = supervisor.Ask(ctx, dir, action, component)
		return err
	}
}

// findComponent returns the state folder of the supervisor that has a component, and its name there.
// The components of a further node are NODE/COMPONENT.
func findComponent(c *state.Cluster, name string) (dir, component string, err error) {
	node, component, ofNode := strings.Cut(name, "/")
	n, err := c.FindNode(node)
	switch {
	case ofNode && err != nil:
		return "", "", err
	case ofNode:
		return n.Dir, component, nil
	case err == nil:
		return "", "", fmt.Errorf("%s is a node: use kill-node, stop-node or start-node", name)
	}
	return c.Dir, name, nil
}
