// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// appProtocol tells gateways and meshes that the port speaks HTTP/2 without TLS, as gRPC does here.
const appProtocol = "kubernetes.io/h2c"

// nextPortName is the name of the port that is asked for while the one before it is still in use.
const nextPortName = "grpc-next"

// buildService renders the Service of a Performer.
func buildService(p *v1alpha1.Performer, ports []corev1.ServicePort) *corev1.Service {
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
			Ports:    ports,
		},
	}
}

// serviceSelector never changes in the life of a Performer: traffic moves by the serving label of
// the pods. A changed selector now and then leaves the Service without endpoints for some
// milliseconds, since the endpoint slice controller reads Services and pods from two caches.
func serviceSelector(p *v1alpha1.Performer) map[string]string {
	return map[string]string{LabelPerformer: labelValue(p.Name), LabelServing: ServingTrue}
}

// hasOurSelector tells whether the Service sends traffic by the serving label. That of an earlier
// operator does not, until it has been taken over.
func hasOurSelector(p *v1alpha1.Performer, service *corev1.Service) bool {
	return service == nil || maps.Equal(service.Spec.Selector, serviceSelector(p))
}

// servicePorts returns the ports that the Service must have: the one that is asked for, and before it,
// while pods take traffic or drain that listen on another, that one too. So clients find either until
// the earlier pods are gone. A number that is in use keeps the name grpc: under another name it would
// lead nowhere until the endpoint slices know that name.
func servicePorts(p *v1alpha1.Performer, views []podView) []corev1.ServicePort {
	asked := GRPCPort(&p.Spec)
	takes := favoured(views)
	var earlier, unnamed *podView
	for i := range views {
		v := &views[i]
		// One that has not been taken over yet serves.
		if !v.alive() || !v.serves() && !v.drains() && v.revision() != "" {
			continue
		}
		port, named := listensOn(v.Pod, asked)
		switch {
		case port != asked:
			if earlier == nil || takes != nil && v.Pod == takes.Pod {
				earlier = v
			}
		case !named:
			unnamed = v
		}
	}
	if earlier == nil {
		if unnamed != nil {
			// Until it is gone it needs the number, by which the others are found too.
			takes = unnamed
		}
		return []corev1.ServicePort{servicePort(portName, asked, targetPort(takes, asked))}
	}
	port, _ := listensOn(earlier.Pod, asked)
	return []corev1.ServicePort{
		servicePort(portName, port, targetPort(earlier, asked)),
		servicePort(nextPortName, asked, targetPort(unnamed, asked)),
	}
}

// leadsTo tells whether a port of the Service leads to the port of the pod.
func leadsTo(service *corev1.Service, v *podView) bool {
	port, named := listensOn(v.Pod, 0)
	return service == nil || slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool {
		return p.TargetPort == intstr.FromInt32(port) || named && p.TargetPort == intstr.FromString(portName)
	})
}

// targetPort is the port of the given pod, by its name where it has the one that ours have.
func targetPort(v *podView, otherwise int32) intstr.IntOrString {
	if v == nil {
		return intstr.FromString(portName)
	}
	port, named := listensOn(v.Pod, otherwise)
	if named {
		return intstr.FromString(portName)
	}
	return intstr.FromInt32(port)
}

// listensOn returns the gRPC port of a pod, and whether it goes by the name that the Service uses.
func listensOn(pod *corev1.Pod, otherwise int32) (port int32, named bool) {
	for i := range pod.Spec.Containers {
		for _, p := range pod.Spec.Containers[i].Ports {
			if p.Name == portName {
				return p.ContainerPort, true
			}
		}
	}
	for i := range pod.Spec.Containers {
		if ports := pod.Spec.Containers[i].Ports; len(ports) > 0 {
			return ports[0].ContainerPort, false
		}
	}
	return otherwise, false
}

func servicePort(name string, port int32, target intstr.IntOrString) corev1.ServicePort {
	return corev1.ServicePort{
		Name:        name,
		Port:        port,
		TargetPort:  target,
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

// MissingServiceLabels returns the change that gives a Service back the labels by which it is
// watched, and no other.
func MissingServiceLabels(p *v1alpha1.Performer, live *corev1.Service) ServiceChange {
	return ServiceChange{Labels: missing(live.Labels, commonLabels(p))}
}

// serviceChange returns how a live Service differs from what is asked for.
func serviceChange(p *v1alpha1.Performer, live *corev1.Service, ports []corev1.ServicePort) ServiceChange {
	change := MissingServiceLabels(p, live)
	if !hasOurSelector(p, live) {
		change.Selector = serviceSelector(p)
	}
	for i := range ports {
		for _, port := range live.Spec.Ports {
			if port.Name == ports[i].Name {
				// Where somebody made the Service a NodePort one, its number stays.
				ports[i].NodePort = port.NodePort
			}
		}
	}
	if !samePorts(live.Spec.Ports, ports) {
		change.Ports = ports
	}
	return change
}

func samePorts(a, b []corev1.ServicePort) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Port != b[i].Port || a[i].TargetPort != b[i].TargetPort ||
			a[i].Protocol != b[i].Protocol || !ptr.Equal(a[i].AppProtocol, b[i].AppProtocol) {
			return false
		}
	}
	return true
}

// dialPort returns the port by which clients reach the given pod through the Service, or where there
// is no such pod, the first that the Service has.
func dialPort(service *corev1.Service, v *podView, asked int32) int32 {
	if v != nil {
		port, _ := listensOn(v.Pod, asked)
		for i := range service.Spec.Ports {
			if service.Spec.Ports[i].Port == port {
				return port
			}
		}
	}
	if len(service.Spec.Ports) > 0 {
		return service.Spec.Ports[0].Port
	}
	return asked
}
