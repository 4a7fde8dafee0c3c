// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// Budget renders the PodDisruptionBudget of a Performer, which refuses evictions of the pod that receives
// the traffic as long as it is ready. An integer minAvailable is counted from the pods alone. For any other
// form the disruption controller asks the scale of the Performer, which the operator's own budget must not
// depend on.
func Budget(p *v1alpha1.Performer) *policyv1.PodDisruptionBudget {
	return &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{
			Name:            BudgetName(p.Name),
			Namespace:       p.Namespace,
			Labels:          CommonLabels(p),
			OwnerReferences: []metav1.OwnerReference{ControllerReference(p)},
		},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: ptr.To(intstr.FromInt32(1)),
			Selector:     &metav1.LabelSelector{MatchLabels: ServiceSelector(p)},
			// A pod that is not ready has no callers, and must not hold up a drain.
			UnhealthyPodEvictionPolicy: ptr.To(policyv1.AlwaysAllow),
		},
	}
}
