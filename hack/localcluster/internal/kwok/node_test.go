// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kwok

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/hack/localcluster/internal/state"
)

func TestSimulatedNodeManifest(t *testing.T) {
	n := Node{
		Name:     "gpu-1",
		Labels:   map[string]string{"accelerator": `h"100`, "kubernetes.io/hostname": "other"},
		Capacity: map[string]string{"nvidia.com/gpu": "4"},
		Taints:   []Taint{DefaultTaint},
	}
	text, err := n.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Kind     string
		Metadata struct {
			Name                string
			Labels, Annotations map[string]string
		}
		Spec   struct{ Taints []Taint }
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
	// kwok must select the node.
	c := state.New("one")
	selector := "--manage-nodes-with-annotation-selector=" + annotation + "=" + got.Metadata.Annotations[annotation]
	if args := Daemon(c, c.Layout()).Args; !slices.Contains(args, selector) {
		t.Errorf("annotations %v, but kwok runs as %q", got.Metadata.Annotations, args)
	}
}
