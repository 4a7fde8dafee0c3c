// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/kwok"
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
	if want := []kwok.Taint{{Key: "dedicated", Value: "gpu", Effect: "NoExecute"}, kwok.DefaultTaint}; !slices.Equal(n.Taints, want) {
		t.Errorf("taints %v, want %v", n.Taints, want)
	}
	for _, c := range []struct {
		args string
		want []kwok.Taint
	}{
		{"n", []kwok.Taint{kwok.DefaultTaint}},
		{"n --no-default-taint", nil},
		{"n --taint kwok.x-k8s.io/node=fake:NoSchedule", []kwok.Taint{kwok.DefaultTaint}},
		{"n --no-default-taint --taint k:NoSchedule", []kwok.Taint{{Key: "k", Effect: "NoSchedule"}}},
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
