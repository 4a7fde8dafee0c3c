// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/validation"
)

// mutate adds the defaults of validation.DefaultMeta to a new Performer.
func mutate(request *admissionv1.AdmissionRequest, settings performer.Settings) *admissionv1.AdmissionResponse {
	p, _, response := decodePerformers(request)
	if response != nil {
		return response
	}
	response = allowed()
	if request.Operation != admissionv1.Create {
		return response
	}
	defaulted := p.DeepCopy()
	validation.DefaultMeta(defaulted, !settings.WithoutFinalizer)
	if patch := metadataPatch(&p.ObjectMeta, &defaulted.ObjectMeta); patch != nil {
		response.Patch, response.PatchType = patch, new(admissionv1.PatchTypeJSONPatch)
	}
	return response
}

// metadataPatch returns the JSON patch that changes the labels and finalizers of one object to
// those of another, or nil if they are equal. The patch has only metadata, so it can't drop fields
// of a spec that this version of the operator does not know.
func metadataPatch(from, to *metav1.ObjectMeta) []byte {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	var patch []operation
	if !equality.Semantic.DeepEqual(from.Labels, to.Labels) {
		// "add" replaces an existing value.
		patch = append(patch, operation{"add", "/metadata/labels", to.Labels})
	}
	if !equality.Semantic.DeepEqual(from.Finalizers, to.Finalizers) {
		patch = append(patch, operation{"add", "/metadata/finalizers", to.Finalizers})
	}
	if len(patch) == 0 {
		return nil
	}
	data, err := json.Marshal(patch)
	if err != nil {
		panic(err) // maps and slices of strings can always be encoded
	}
	return data
}
