// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

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
	gpuResource    = corev1.ResourceName("nvidia.com/gpu")
	gpuProductNode = "nvidia.com/gpu.product"
	// migPrefix begins a GPU type that is a slice of a GPU, which the device plugin offers as a
	// resource of its own.
	migPrefix = "mig-"
)

// hardware is what hardwareRequirements mean for a pod.
type hardware struct {
	resources    corev1.ResourceList
	nodeLabels   []corev1.NodeSelectorRequirement
	runtimeClass string
}

// teeNodes are the trusted execution environments that can be asked for, each with the node label
// by which Node Feature Discovery tells that the processor offers it and it is enabled.
// https://kubernetes-sigs.github.io/node-feature-discovery/stable/usage/features.html
var teeNodes = map[string]string{
	"sgx":     "feature.node.kubernetes.io/cpu-security.sgx.enabled",
	"sev":     "feature.node.kubernetes.io/cpu-security.sev.enabled",
	"sev-snp": "feature.node.kubernetes.io/cpu-security.sev.snp.enabled",
	"tdx":     "feature.node.kubernetes.io/cpu-security.tdx.enabled",
}

// resolveHardware translates requirements, or says what is wrong with them. It fails closed: where
// it can't tell what would satisfy them, there is a problem and no pod.
func resolveHardware(requirements *v1alpha1.HardwareRequirements) (hardware, *Problem) {
	var hw hardware
	if requirements == nil {
		return hw, nil
	}
	const path = "spec.hardwareRequirements"
	gpu := strings.ToLower(requirements.GPUType)
	switch {
	case requirements.GPUCount < 0:
		return hw, invalidHardware(path+".gpuCount", "must not be negative")
	case gpu != "" && requirements.GPUCount == 0:
		return hw, invalidHardware(path+".gpuCount", "must be at least 1 where gpuType is set")
	case requirements.GPUCount > 0:
		name := gpuResource
		if strings.HasPrefix(gpu, migPrefix) {
			name = corev1.ResourceName("nvidia.com/" + gpu)
		} else if gpu != "" {
			hw.nodeLabels = append(hw.nodeLabels, nodeLabel(gpuProductNode, requirements.GPUType))
		}
		hw.resources = corev1.ResourceList{name: *resource.NewQuantity(int64(requirements.GPUCount), resource.DecimalSI)}
	}
	if requirements.TEERequired {
		label, known := teeNodes[strings.ToLower(requirements.TEEType)]
		if !known {
			return hw, invalidHardware(path+".teeType", fmt.Sprintf("is %q; where teeRequired is true it must be one of %s",
				requirements.TEEType, strings.Join(slices.Sorted(maps.Keys(teeNodes)), ", ")))
		}
		hw.nodeLabels = append(hw.nodeLabels, nodeLabel(label, "true"))
	}
	for _, key := range slices.Sorted(maps.Keys(requirements.CustomLabels)) {
		hw.nodeLabels = append(hw.nodeLabels, nodeLabel(key, requirements.CustomLabels[key]))
	}
	return hw, nil
}

func invalidHardware(field, why string) *Problem {
	return &Problem{Kind: Terminal, Reason: ReasonInvalidSpec, Message: field + " " + why}
}

func nodeLabel(key, value string) corev1.NodeSelectorRequirement {
	return corev1.NodeSelectorRequirement{Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}}
}
