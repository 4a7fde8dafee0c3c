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
	pairFlag(fs, "label", "a label of the node, as `K=V`; can be repeated", n.Labels)
	pairFlag(fs, "capacity", "how much of a resource the node has, as `RES=N`, such as nvidia.com/gpu=4; can be repeated", n.Capacity)
	fs.Func("taint", "a taint of the node, as `K=V:Effect` or K:Effect; can be repeated", func(s string) error {
		t, err := parseTaint(s)
		n.Taints = append(n.Taints, t)
		return err
	})
	bare := fs.Bool("no-default-taint", false, fmt.Sprintf("leave off the taint %s=%s:%s, so that pods which do not tolerate it land there too",
		kwok.DefaultTaint.Key, kwok.DefaultTaint.Value, kwok.DefaultTaint.Effect))
	n.Name, err = parseNode(fs, args)
	if err == nil && !*bare && !slices.Contains(n.Taints, kwok.DefaultTaint) {
		n.Taints = append(n.Taints, kwok.DefaultTaint)
	}
	return n, *name, err
}

func parseTaint(s string) (kwok.Taint, error) {
	what, effect, _ := strings.Cut(s, ":")
	key, value, _ := strings.Cut(what, "=")
	effects := []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}
	if key == "" || !slices.Contains(effects, effect) {
		return kwok.Taint{}, fmt.Errorf("want K=V:Effect, the effect being one of %s", strings.Join(effects, ", "))
	}
	return kwok.Taint{Key: key, Value: value, Effect: effect}, nil
}

func runRemoveNode(ctx context.Context, args []string) error {
	fs := newFlags("remove-node")
	cluster := nameFlag(fs)
	node, err := parseNode(fs, args)
	if err != nil {
		return err
	}
	return lifecycle.RemoveNode(ctx, *cluster, node)
}
