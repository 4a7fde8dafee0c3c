// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// fencedMeta returns the metadata of a merge patch that applies to the object as it was observed, or not
// at all.
func fencedMeta(live metav1.Object) map[string]any {
	return map[string]any{"uid": live.GetUID(), "resourceVersion": live.GetResourceVersion()}
}

// setKeys adds labels or annotations to the metadata of a merge patch. An empty value removes the key.
func setKeys(meta map[string]any, field string, values map[string]string) {
	if len(values) == 0 {
		return
	}
	keys := map[string]any{}
	for key, value := range values {
		keys[key] = value
		if value == "" {
			keys[key] = nil
		}
	}
	meta[field] = keys
}

// fencedDelete returns options for a delete that applies to the object as it was observed, or not at
// all.
func fencedDelete(live metav1.Object) metav1.DeleteOptions {
	uid, version := live.GetUID(), live.GetResourceVersion()
	return metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}}
}

// patcher is the Patch method of a typed client.
type patcher[T any] func(ctx context.Context, name string, pt types.PatchType, data []byte, opts metav1.PatchOptions, subresources ...string) (T, error)

func patch[T any](ctx context.Context, send patcher[T], name string, body map[string]any) (T, error) {
	data, err := json.Marshal(body)
	if err != nil {
		var none T
		return none, fmt.Errorf("encoding a patch: %w", err)
	}
	return send(ctx, name, types.MergePatchType, data, metav1.PatchOptions{})
}

// adoption returns the body of a patch that makes the Performer the controller of an object.
func (e *execution) adoption(live metav1.Object) map[string]any {
	meta := fencedMeta(live)
	meta["ownerReferences"] = withController(live, e.observed.Performer)
	return map[string]any{"metadata": meta}
}

// withController returns the owner references of an object that nobody controls, with the Performer as its
// controller.
func withController(live metav1.Object, p *v1alpha1.Performer) []metav1.OwnerReference {
	return append(slices.Clone(live.GetOwnerReferences()), render.ControllerReference(p))
}
