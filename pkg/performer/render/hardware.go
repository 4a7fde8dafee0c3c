// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

const (
	gpuResource = corev1.ResourceName("nvidia.com/gpu")
	// GPUProductLabel is the node label that gpuType selects.
	GPUProductLabel = "nvidia.com/gpu.product"
	// migPrefix marks a GPU type that is a slice of a GPU, which the device plugin offers as a resource
	// of its own.
	migPrefix = "mig-"
)

// Hardware is what hardwareRequirements add to a pod.
type Hardware struct {
	resources    corev1.ResourceList
	nodeLabels   []corev1.NodeSelectorRequirement
	runtimeClass string
}

// ResolveHardware translates the requirements, or returns what is wrong with them. It fails closed: if
// it doesn't know what satisfies them, that is a mistake, and there is no pod.
func ResolveHardware(requirements *v1alpha1.HardwareRequirements, tees map[string]TEE) (Hardware, *Mistake) {
	var hw Hardware
	if requirements == nil {
		return hw, nil
	}
	const path = "spec.hardwareRequirements"
	gpu := strings.ToLower(requirements.GPUType)
	switch {
	case requirements.GPUCount < 0:
		return hw, &Mistake{path + ".gpuCount", fmt.Sprintf("invalid count %d: expected 0 or more", requirements.GPUCount)}
	case gpu != "" && requirements.GPUCount == 0:
		return hw, &Mistake{path + ".gpuCount", "invalid count 0: expected at least 1, since gpuType is set"}
	case requirements.GPUCount > 0:
		name := gpuResource
		if strings.HasPrefix(gpu, migPrefix) {
			name = corev1.ResourceName("nvidia.com/" + gpu)
		} else if gpu != "" {
			hw.nodeLabels = append(hw.nodeLabels, nodeLabel(GPUProductLabel, requirements.GPUType))
		}
		hw.resources = corev1.ResourceList{name: *resource.NewQuantity(int64(requirements.GPUCount), resource.DecimalSI)}
	}
	if requirements.TEERequired {
		tee, known := tees[strings.ToLower(requirements.TEEType)]
		if !known {
			expected := "a type of the operator's TEE table, which is empty"
			if len(tees) > 0 {
				expected = "one of " + strings.Join(slices.Sorted(maps.Keys(tees)), ", ")
			}
			return hw, &Mistake{path + ".teeType", fmt.Sprintf("unknown type %q: expected %s, since teeRequired is true",
				requirements.TEEType, expected)}
		}
		hw.runtimeClass = tee.RuntimeClass
		for _, key := range slices.Sorted(maps.Keys(tee.NodeLabels)) {
			hw.nodeLabels = append(hw.nodeLabels, nodeLabel(key, tee.NodeLabels[key]))
		}
		for name, quantity := range tee.Resources {
			if hw.resources == nil {
				hw.resources = corev1.ResourceList{}
			}
			hw.resources[name] = quantity
		}
	}
	for _, key := range slices.Sorted(maps.Keys(requirements.CustomLabels)) {
		hw.nodeLabels = append(hw.nodeLabels, nodeLabel(key, requirements.CustomLabels[key]))
	}
	return hw, nil
}

func nodeLabel(key, value string) corev1.NodeSelectorRequirement {
	return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}}
}

// AddTo returns the specified resources with those that the hardware needs. The hardware wins if both
// name a resource, since gpuCount is the explicit field.
func (h Hardware) AddTo(specified corev1.ResourceRequirements) corev1.ResourceRequirements {
	all := corev1.ResourceRequirements{Limits: roundUp(specified.Limits), Requests: roundUp(specified.Requests)}
	for name, quantity := range h.resources {
		if all.Limits == nil {
			all.Limits = corev1.ResourceList{}
		}
		if all.Requests == nil {
			all.Requests = corev1.ResourceList{}
		}
		// Extended resources need both, and equal.
		all.Limits[name] = quantity
		all.Requests[name] = quantity
	}
	return all
}

// roundUp returns a copy of the amounts rounded up to thousandths, as the API server rounds those of
// every pod: https://github.com/kubernetes/kubernetes/issues/18538
func roundUp(list corev1.ResourceList) corev1.ResourceList {
	rounded := list.DeepCopy()
	for name, quantity := range rounded {
		quantity.RoundUp(resource.Milli)
		rounded[name] = quantity
	}
	return rounded
}
