// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/kwok"
	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/lifecycle"
)

func runAddNode(ctx context.Context, args []string) error {
	n, cluster, err := parseAddNode(args)
	if err != nil {
		return err
	}
	return lifecycle.AddNode(ctx, cluster, n)
}

func parseAddNode(args []string) (n kwok.Node, cluster string, err error) {
	fs := newFlags("add-node")
	name := nameFlag(fs)
	n.Labels, n.Capacity = map[string]string{}, map[string]string{}
	pairFlag(fs, "label", "label of the node, `K=V`; can be repeated", n.Labels)
	pairFlag(fs, "capacity", "capacity of the node, `RES=N`, such as nvidia.com/gpu=4; can be repeated", n.Capacity)
	fs.Func("taint", "taint of the node, `K=V:Effect` or K:Effect; can be repeated", func(s string) error {
		t, err := parseTaint(s)
		n.Taints = append(n.Taints, t)
		return err
	})
	noDefaultTaint := fs.Bool("no-default-taint", false, fmt.Sprintf(
		"do not add the taint %s=%s:%s, which keeps pods without a toleration off the node",
		kwok.DefaultTaint.Key, kwok.DefaultTaint.Value, kwok.DefaultTaint.Effect))
	n.Name, err = parseNode(fs, args)
	if err == nil && !*noDefaultTaint && !slices.Contains(n.Taints, kwok.DefaultTaint) {
		n.Taints = append(n.Taints, kwok.DefaultTaint)
	}
	return n, *name, err
}

func parseTaint(s string) (kwok.Taint, error) {
	pair, effect, _ := strings.Cut(s, ":")
	key, value, _ := strings.Cut(pair, "=")
	effects := []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}
	if key == "" || !slices.Contains(effects, effect) {
		return kwok.Taint{}, fmt.Errorf("expected K=V:Effect, with an effect of %s", strings.Join(effects, ", "))
	}
	return kwok.Taint{Key: key, Value: value, Effect: effect}, nil
}

// nodeCommand returns a subcommand whose only argument is a node.
func nodeCommand(name string, run func(ctx context.Context, cluster, node string) error) func(context.Context, []string) error {
	return func(ctx context.Context, args []string) error {
		fs := newFlags(name)
		cluster := nameFlag(fs)
		node, err := parseNode(fs, args)
		if err != nil {
			return err
		}
		return run(ctx, *cluster, node)
	}
}
