// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

const (
	// EvictionResponder is the name by which the operator is a responder of Evictions. It is also the key of
	// a label that each Eviction of such a pod has.
	EvictionResponder = v1alpha1.GroupName + "/operator"
	// responderPriority is the priority of a responder that is the controller of the pod, as the API demands.
	responderPriority = 10000
)

// AddEvictionResponder makes the operator a responder of Evictions of a pod that is about to be created. An
// Eviction of a pod that is not moved before is up to the other responders. The field can't be changed later,
// and an API server that doesn't serve Evictions drops it.
func AddEvictionResponder(pod *corev1.Pod, spec *v1alpha1.PerformerSpec) {
	if Disruption(spec) != v1alpha1.NoneDisruption {
		pod.Spec.EvictionResponders = []corev1.EvictionResponder{{Name: EvictionResponder, Priority: ptr.To[int32](responderPriority)}}
	}
}
