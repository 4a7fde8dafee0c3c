// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// Service renders the Service of a Performer.
func Service(p *v1alpha1.Performer, ports []corev1.ServicePort) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name:            ServiceName(p.Name),
			Namespace:       p.Namespace,
			Labels:          CommonLabels(p),
			OwnerReferences: []metav1.OwnerReference{ControllerReference(p)},
		},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: ServiceSelector(p),
			Ports:    ports,
		},
	}
}

// ServiceSelector never changes in the life of a Performer: traffic moves by the serving label of the
// pods. A changed selector leaves the Service without endpoints for some milliseconds now and then,
// since the endpoint slice controller reads Services and pods from two caches.
func ServiceSelector(p *v1alpha1.Performer) map[string]string {
	return map[string]string{LabelPerformer: LabelValue(p.Name), LabelServing: ServingTrue}
}
