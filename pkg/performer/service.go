// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// appProtocol tells gateways and meshes that the port speaks HTTP/2 without TLS, as gRPC does here.
const appProtocol = "kubernetes.io/h2c"

// buildService renders the Service of a Performer.
func buildService(p *v1alpha1.Performer) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name:            ServiceName(p.Name),
			Namespace:       p.Namespace,
			Labels:          commonLabels(p),
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(p, gvk)},
		},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: serviceSelector(p),
			Ports:    []corev1.ServicePort{servicePort(p)},
		},
	}
}

// serviceSelector never changes in the life of a Performer: traffic moves by the serving label of
// the pods. A changed selector now and then leaves the Service without endpoints for some
// milliseconds, since the endpoint slice controller reads Services and pods from two caches.
func serviceSelector(p *v1alpha1.Performer) map[string]string {
	return map[string]string{LabelPerformer: labelValue(p.Name), LabelServing: ServingTrue}
}

func servicePort(p *v1alpha1.Performer) corev1.ServicePort {
	return corev1.ServicePort{
		Name:        portName,
		Port:        GRPCPort(&p.Spec),
		TargetPort:  intstr.FromString(portName),
		Protocol:    corev1.ProtocolTCP,
		AppProtocol: ptr.To(appProtocol),
	}
}

// A ServiceChange is what must be patched on a live Service; nil fields stay as they are. What
// users added, labels, annotations or another type, stays too.
type ServiceChange struct {
	// Labels to set.
	Labels map[string]string
	// Selector to have, all of it; keys that are not in it go.
	Selector map[string]string
	// Ports to have, all of them.
	Ports []corev1.ServicePort
}

func (c *ServiceChange) empty() bool {
	return c.Labels == nil && c.Selector == nil && c.Ports == nil
}

// ServiceChangeFor returns how a live Service differs from what is asked for.
func ServiceChangeFor(p *v1alpha1.Performer, live *corev1.Service) ServiceChange {
	change := ServiceChange{Labels: missingLabels(live.Labels, commonLabels(p))}
	if selector := serviceSelector(p); !maps.Equal(live.Spec.Selector, selector) {
		change.Selector = selector
	}
	want := servicePort(p)
	if len(live.Spec.Ports) != 1 || !samePort(live.Spec.Ports[0], want) {
		for _, port := range live.Spec.Ports {
			if port.Name == want.Name {
				// Where somebody made the Service a NodePort one, its number stays.
				want.NodePort = port.NodePort
			}
		}
		change.Ports = []corev1.ServicePort{want}
	}
	return change
}

func samePort(a, b corev1.ServicePort) bool {
	return a.Name == b.Name && a.Port == b.Port && a.TargetPort == b.TargetPort &&
		a.Protocol == b.Protocol && ptr.Equal(a.AppProtocol, b.AppProtocol)
}
