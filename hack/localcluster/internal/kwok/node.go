// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// kwok simulates the nodes with this annotation. The taint of the same name
// and value keeps off them what did not ask for a simulated node.
const (
	kwokAnnotation = "kwok.x-k8s.io/node"
	kwokFake       = "fake"
)

// simulatedNode is a Node that kwok manages. Defaults for what Capacity leaves
// out are in manifests/kwok.yaml.
type simulatedNode struct {
	Name     string
	Labels   map[string]string
	Capacity map[string]string
	Taints   []taint
}

type taint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect"`
}

var defaultTaint = taint{kwokAnnotation, kwokFake, "NoSchedule"}

func runAddNode(ctx context.Context, args []string) error {
	n, name, err := parseAddNode(args)
	if err != nil {
		return err
	}
	manifest, err := n.manifest()
	if err != nil {
		return err
	}
	c, err := addKwok(ctx, name)
	if err != nil {
		return err
	}
	// Not applied, which would turn a real node of that name into a simulated one.
	if err := c.kubectl(ctx, manifest, "create", "-f", "-"); err != nil {
		return err
	}
	api, err := c.admin()
	if err != nil {
		return err
	}
	if err := c.wait(ctx, "a ready simulated node", time.Minute, []string{kwok.name}, api.nodeReady(n.Name)); err != nil {
		return err
	}
	say("Cluster %q has the simulated node %s.", c.Name, n.Name)
	return nil
}

func parseAddNode(args []string) (n simulatedNode, cluster string, err error) {
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
		defaultTaint.Key, defaultTaint.Value, defaultTaint.Effect))
	n.Name, err = parseNode(fs, args)
	if err == nil && !*bare && !slices.Contains(n.Taints, defaultTaint) {
		n.Taints = append(n.Taints, defaultTaint)
	}
	return n, *name, err
}

// Names get checked fully by the API server; this is enough for a path.
var validNode = regexp.MustCompile(`^[a-z0-9][-.a-z0-9]*$`)

// parseNode is parse for commands which take the name of one node.
func parseNode(fs *flag.FlagSet, args []string) (string, error) {
	rest, err := parse(fs, args)
	switch {
	case err != nil:
		return "", err
	case len(rest) != 1:
		return "", fmt.Errorf("%s takes the name of one node, but got %q", fs.Name(), rest)
	case !validNode.MatchString(rest[0]):
		return "", fmt.Errorf("%q cannot name a node: use lower-case letters, digits, dashes and dots", rest[0])
	}
	return rest[0], nil
}

func pairFlag(fs *flag.FlagSet, name, usage string, into map[string]string) {
	fs.Func(name, usage, func(s string) error {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			return errors.New("want a name, =, and a value")
		}
		into[k] = v
		return nil
	})
}

func parseTaint(s string) (taint, error) {
	what, effect, _ := strings.Cut(s, ":")
	key, value, _ := strings.Cut(what, "=")
	effects := []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}
	if key == "" || !slices.Contains(effects, effect) {
		return taint{}, fmt.Errorf("want K=V:Effect, the effect being one of %s", strings.Join(effects, ", "))
	}
	return taint{key, value, effect}, nil
}

// manifest is the Node as JSON, which spares the quoting of what users give.
func (n simulatedNode) manifest() (string, error) {
	labels := map[string]string{
		"kubernetes.io/hostname": n.Name,
		"kubernetes.io/os":       "linux",
		"kubernetes.io/arch":     "amd64",
		"type":                   "kwok",
	}
	maps.Copy(labels, n.Labels)
	data, err := json.Marshal(map[string]any{
		"apiVersion": "v1",
		"kind":       "Node",
		"metadata": map[string]any{
			"name":        n.Name,
			"labels":      labels,
			"annotations": map[string]string{kwokAnnotation: kwokFake},
		},
		"spec":   map[string]any{"taints": n.Taints},
		"status": map[string]any{"capacity": n.Capacity, "allocatable": n.Capacity},
	})
	return string(data) + "\n", err
}

func runRemoveNode(ctx context.Context, args []string) error {
	fs := newFlags("remove-node")
	name := nameFlag(fs)
	node, err := parseNode(fs, args)
	if err != nil {
		return err
	}
	c, err := runningCluster(*name)
	if err != nil {
		return err
	}
	api, err := c.admin()
	if err != nil {
		return err
	}
	var found struct {
		Metadata struct{ Annotations map[string]string }
	}
	if err := api.get(ctx, "/api/v1/nodes/"+node, &found); err != nil {
		return err
	}
	if found.Metadata.Annotations[kwokAnnotation] != kwokFake {
		return fmt.Errorf("node %s of cluster %q is not simulated; it stays", node, c.Name)
	}
	if err := c.kubectl(ctx, "", "delete", "node", node); err != nil {
		return err
	}
	say("Node %s is gone from cluster %q; pods that it still had follow within a minute or so.", node, c.Name)
	return nil
}
