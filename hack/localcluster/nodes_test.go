// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestParseAddNode(t *testing.T) {
	n, cluster, err := parseAddNode([]string{"--label", "a=b", "gpu-1", "--name", "one", "--label=c=", "--label", "x/y=1=2",
		"--capacity", "nvidia.com/gpu=4", "--taint", "dedicated=gpu:NoExecute"})
	if err != nil {
		t.Fatal(err)
	}
	if n.Name != "gpu-1" || cluster != "one" {
		t.Errorf("node %q of cluster %q", n.Name, cluster)
	}
	if want := map[string]string{"a": "b", "c": "", "x/y": "1=2"}; !maps.Equal(n.Labels, want) {
		t.Errorf("labels %v, want %v", n.Labels, want)
	}
	if want := map[string]string{"nvidia.com/gpu": "4"}; !maps.Equal(n.Capacity, want) {
		t.Errorf("capacity %v, want %v", n.Capacity, want)
	}
	if want := []taint{{"dedicated", "gpu", "NoExecute"}, defaultTaint}; !slices.Equal(n.Taints, want) {
		t.Errorf("taints %v, want %v", n.Taints, want)
	}
	for _, c := range []struct {
		args string
		want []taint
	}{
		{"n", []taint{defaultTaint}},
		{"n --no-default-taint", nil},
		{"n --taint kwok.x-k8s.io/node=fake:NoSchedule", []taint{defaultTaint}},
		{"n --no-default-taint --taint k:NoSchedule", []taint{{"k", "", "NoSchedule"}}},
	} {
		n, _, err := parseAddNode(strings.Fields(c.args))
		if err != nil || !slices.Equal(n.Taints, c.want) {
			t.Errorf("%s: taints %v, want %v, %v", c.args, n.Taints, c.want, err)
		}
	}
}

func TestParseAddNodeRefuses(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	// Flag errors print the usage.
	stderr := os.Stderr
	os.Stderr = null
	defer func() { os.Stderr = stderr }()
	for _, args := range []string{
		"", "a b", "../pods", "A", "n --label a", "n --label =b", "n --capacity cpu",
		"n --taint a=b", "n --taint a=b:Never", "n --taint :NoSchedule", "n --taint a=b:NoSchedule:NoExecute",
	} {
		if n, _, err := parseAddNode(strings.Fields(args)); err == nil {
			t.Errorf("%q was taken for %+v", args, n)
		}
	}
}

func TestSimulatedNodeManifest(t *testing.T) {
	n := simulatedNode{
		Name:     "gpu-1",
		Labels:   map[string]string{"accelerator": `h"100`, "kubernetes.io/hostname": "other"},
		Capacity: map[string]string{"nvidia.com/gpu": "4"},
		Taints:   []taint{defaultTaint},
	}
	text, err := n.manifest()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Kind     string
		Metadata struct {
			Name                string
			Labels, Annotations map[string]string
		}
		Spec   struct{ Taints []taint }
		Status struct{ Capacity, Allocatable map[string]string }
	}
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(&struct{}{}); err != io.EOF {
		t.Errorf("more than one document: %v", err)
	}
	if got.Kind != "Node" || got.Metadata.Name != "gpu-1" || !slices.Equal(got.Spec.Taints, n.Taints) {
		t.Errorf("%+v", got)
	}
	labels := got.Metadata.Labels
	if labels["accelerator"] != `h"100` || labels["kubernetes.io/os"] != "linux" || labels["kubernetes.io/hostname"] != "other" {
		t.Errorf("labels %v", labels)
	}
	if !maps.Equal(got.Status.Capacity, n.Capacity) || !maps.Equal(got.Status.Allocatable, n.Capacity) {
		t.Errorf("status %+v", got.Status)
	}
	// kwok has to recognise it.
	c := newCluster("one")
	selector := "--manage-nodes-with-annotation-selector=" + kwokAnnotation + "=" + got.Metadata.Annotations[kwokAnnotation]
	if args := c.kwokDaemon(c.layout()).Args; !slices.Contains(args, selector) {
		t.Errorf("annotations %v, but kwok runs as %q", got.Metadata.Annotations, args)
	}
}
