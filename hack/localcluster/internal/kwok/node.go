// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kwok

import (
	"encoding/json"
	"maps"
)

// kwok simulates the nodes with this annotation. The taint of the same name
// and value keeps off them what did not ask for a simulated node.
const (
	annotation      = "kwok.x-k8s.io/node"
	annotationValue = "fake"
)

// simulatedNode is a Node that kwok manages. Defaults for what Capacity leaves
// out are in manifests/kwok.yaml.
type Node struct {
	Name     string
	Labels   map[string]string
	Capacity map[string]string
	Taints   []Taint
}

type Taint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect"`
}

var DefaultTaint = Taint{annotation, annotationValue, "NoSchedule"}

// Simulates returns whether kwok manages a node with these annotations.
func Simulates(annotations map[string]string) bool {
	return annotations[annotation] == annotationValue
}

// manifest is the Node as JSON, which spares the quoting of what users give.
func (n Node) Manifest() (string, error) {
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
			"annotations": map[string]string{annotation: annotationValue},
		},
		"spec":   map[string]any{"taints": n.Taints},
		"status": map[string]any{"capacity": n.Capacity, "allocatable": n.Capacity},
	})
	return string(data) + "\n", err
}
