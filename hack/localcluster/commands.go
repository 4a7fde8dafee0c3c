// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"text/tabwriter"
	"time"
)

func nameFlag(fs *flag.FlagSet) *string {
	return fs.String("name", defaultName, "which cluster")
}

func runStatus(ctx context.Context, args []string) error {
	fs := newFlags("status")
	name := nameFlag(fs)
	if err := parseNone(fs, args); err != nil {
		return err
	}
	c, err := loadCluster(*name)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("there is no cluster %q; `localcluster up --name %s` starts it", *name, *name)
	}
	if err != nil {
		return err
	}
	fmt.Printf("Cluster:     %s (%s)\nNodes:       %s\nAPI server:  %s\nKubeconfig:  %s\nState, logs: %s\n",
		c.Name, c.state(), c.Nodes, c.url(), c.kubeconfig(), c.dir)
	if !c.running() {
		return nil
	}
	r, err := c.ask(ctx, "status", "")
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "\nCOMPONENT\tSTATE\tRESTARTS")
	for _, s := range r.Components {
		state := "stopped"
		if s.PID != 0 {
			state = "running for " + time.Since(s.Started).Round(time.Second).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%d\n", s.Name, state, s.Restarts)
	}
	return w.Flush()
}

func (c *cluster) state() string {
	switch {
	case c.running() && c.Ready:
		return "running"
	case c.running():
		return "starting"
	}
	return "not running: it crashed or was interrupted"
}

func runList(_ context.Context, args []string) error {
	if err := parseNone(newFlags("list"), args); err != nil {
		return err
	}
	all, err := allClusters()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tSTATE\tNODES\tAPI SERVER")
	for _, c := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.Name, c.state(), c.Nodes, c.url())
	}
	return w.Flush()
}

func runKubeconfig(_ context.Context, args []string) error {
	fs := newFlags("kubeconfig")
	name := nameFlag(fs)
	if err := parseNone(fs, args); err != nil {
		return err
	}
	c, err := runningCluster(*name)
	if err == nil {
		fmt.Println(c.kubeconfig())
	}
	return err
}

func runBinDir(_ context.Context, args []string) error {
	fs := newFlags("bin-dir")
	older := fs.Bool("older", false, "the folder of "+partOlderControlPlane)
	if err := parseNone(fs, args); err != nil {
		return err
	}
	c := controlPlane
	if *older {
		c = olderControlPlane
	} else if assets := os.Getenv("KUBEBUILDER_ASSETS"); assets != "" {
		fmt.Println(assets)
		return nil
	}
	r, err := c.resolve()
	if err != nil {
		return err
	}
	if !r.built() {
		return fmt.Errorf("not built yet; `localcluster build --only %s` does it", c.name)
	}
	fmt.Println(r.dir)
	return nil
}
