// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kwok

import (
	"encoding/json"
	"maps"
)

// kwok simulates the nodes with this annotation. The taint of the same name and value keeps pods
// without a toleration off these nodes.
const (
	annotation      = "kwok.x-k8s.io/node"
	annotationValue = "fake"
)

// Node is a Node that kwok manages. kwok.yaml has the defaults for resources that Capacity does not
// set.
type Node struct {
	Name     string
	Labels   map[string]string
	Capacity map[string]string
	Taints   []Taint
}

// Taint is a taint of a node.
type Taint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect"`
}

// DefaultTaint is the taint that a simulated node has unless it is turned off.
var DefaultTaint = Taint{annotation, annotationValue, "NoSchedule"}

// Simulates returns whether kwok manages a node with these annotations.
func Simulates(annotations map[string]string) bool {
	return annotations[annotation] == annotationValue
}

// Manifest returns the Node as JSON, in which the values of users need no further quoting.
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
