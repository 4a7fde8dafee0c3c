// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// AnnotationRequested is a Requested in JSON.
const AnnotationRequested = "hourglass.eigenlayer.io/requested"

// Requested lists, by name, the parts that a pod was created with. Admission added all others that a live
// pod has.
type Requested struct {
	// Image is the image of the spec. Admission may have substituted another one.
	Image string `json:"image"`
	// Labels and Annotations are the keys of spec.podLabels and spec.podAnnotations, sorted.
	Labels      []string `json:"labels,omitempty"`
	Annotations []string `json:"annotations,omitempty"`
	// Volumes are the names of spec.volumes.
	Volumes []string `json:"volumes,omitempty"`
}

// requested returns the value of AnnotationRequested for a new pod.
func requested(spec *v1alpha1.PerformerSpec) string {
	r := Requested{
		Image:       spec.Image,
		Labels:      slices.Sorted(maps.Keys(spec.PodLabels)),
		Annotations: slices.Sorted(maps.Keys(spec.PodAnnotations)),
	}
	for i := range spec.Volumes {
		r.Volumes = append(r.Volumes, spec.Volumes[i].Name)
	}
	data, err := json.Marshal(r)
	if err != nil {
		panic(fmt.Sprintf("encoding %T: %v", r, err)) // texts always have a JSON form
	}
	return string(data)
}

// RequestedOf returns what a live pod was created with; ok is false for a pod without the annotation, as
// earlier versions of the operator created it, or one whose annotation was edited.
func RequestedOf(pod *corev1.Pod) (r Requested, ok bool) {
	err := json.Unmarshal([]byte(pod.Annotations[AnnotationRequested]), &r)
	return r, err == nil && r.Image != ""
}
