// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// RequestedResources is the value of AnnotationRequestedResources.
type RequestedResources struct {
	// ResourceRequirements are those that the operator requested last and the API server accepted.
	corev1.ResourceRequirements
	// ResizingTo are those of a resize that the API server may or may not have accepted, or nil.
	ResizingTo *corev1.ResourceRequirements `json:"resizingTo,omitempty"`
}

// String returns the JSON, in which equal resources are equal however they are written.
func (r RequestedResources) String() string {
	encoded := struct {
		canonicalResources
		ResizingTo *canonicalResources `json:"resizingTo,omitempty"`
	}{canonicalResources: canonical(r.ResourceRequirements)}
	if r.ResizingTo != nil {
		to := canonical(*r.ResizingTo)
		encoded.ResizingTo = &to
	}
	data, err := json.Marshal(encoded)
	if err != nil {
		panic(fmt.Sprintf("encoding resources: %v", err)) // maps of texts always have a JSON form
	}
	return string(data)
}

// ParseRequestedResources returns the resources recorded on the pod. It returns false if there are none,
// as on a pod of an earlier operator, or if somebody edited them to something else.
func ParseRequestedResources(pod *corev1.Pod) (RequestedResources, bool) {
	var recorded *RequestedResources
	err := json.Unmarshal([]byte(pod.Annotations[AnnotationRequestedResources]), &recorded)
	if err != nil || recorded == nil {
		return RequestedResources{}, false
	}
	return *recorded, true
}
