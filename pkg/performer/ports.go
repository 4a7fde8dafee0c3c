// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

const (
	// nextPortName is the name of the desired port while the previous one is still in use.
	nextPortName = "grpc-next"
	// appProtocol declares HTTP/2 without TLS, as gRPC uses it here, to gateways and meshes.
	appProtocol = "kubernetes.io/h2c"
)

// servicePorts returns the ports that the Service must have: the desired one, and before it, while
// pods with another port take traffic or drain, that one too. So clients reach either until the
// earlier pods are gone. A number in use keeps the name grpc: under another name it would lead nowhere
// until the endpoint slices know that name.
func (a *Assessment) servicePorts() []corev1.ServicePort {
	desired := render.GRPCPort(&a.Performer.Spec)
	target := a.trafficTarget
	var earlier, unnamed *assessedPod
	for _, p := range a.pods {
		// A pod that has not been adopted yet serves.
		if !p.alive() && !a.servesOn(p) || !p.serves() && !p.drains() && p.revision() != "" {
			continue
		}
		port, named := listensOn(p.Pod, desired)
		switch {
		case port != desired:
			if earlier == nil || p == target {
				earlier = p
			}
		case !named:
			unnamed = p
		}
	}
	if earlier == nil {
		if unnamed != nil {
			// Until that pod is gone the port must lead to the number, which the other pods have too.
			target = unnamed
		}
		return []corev1.ServicePort{servicePort(render.PortName, desired, targetPort(target, desired))}
	}
	port, _ := listensOn(earlier.Pod, desired)
	return []corev1.ServicePort{
		servicePort(render.PortName, port, targetPort(earlier, desired)),
		servicePort(nextPortName, desired, targetPort(unnamed, desired)),
	}
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

// targetPort is the port of the given pod: its name if that is ours, else its number.
func targetPort(p *assessedPod, fallback int32) intstr.IntOrString {
	if p == nil {
		return intstr.FromString(render.PortName)
	}
	port, named := listensOn(p.Pod, fallback)
	if named {
		return intstr.FromString(render.PortName)
	}
	return intstr.FromInt32(port)
}

// listensOn returns the gRPC port of a pod, or fallback if it has no port, and whether the port has the
// name that the Service uses.
func listensOn(pod *corev1.Pod, fallback int32) (port int32, named bool) {
	for i := range pod.Spec.Containers {
		for _, p := range pod.Spec.Containers[i].Ports {
			if p.Name == render.PortName {
				return p.ContainerPort, true
			}
		}
	}
	for i := range pod.Spec.Containers {
		if ports := pod.Spec.Containers[i].Ports; len(ports) > 0 {
			return ports[0].ContainerPort, false
		}
	}
	return fallback, false
}

// hasPortOf reports whether a port of the Service leads to the port of the pod.
func hasPortOf(service *corev1.Service, p *assessedPod) bool {
	port, named := listensOn(p.Pod, 0)
	return service == nil || slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool {
		return p.TargetPort == intstr.FromInt32(port) || named && p.TargetPort == intstr.FromString(render.PortName)
	})
}

func samePorts(a, b []corev1.ServicePort) bool {
	return slices.EqualFunc(a, b, func(a, b corev1.ServicePort) bool {
		return a.Name == b.Name && a.Port == b.Port && a.TargetPort == b.TargetPort &&
			a.Protocol == b.Protocol && ptr.Equal(a.AppProtocol, b.AppProtocol)
	})
}

// dialPort returns the port by which clients reach the given pod through the Service, or without such
// a pod the first port of the Service.
func dialPort(service *corev1.Service, p *assessedPod, desired int32) int32 {
	if p != nil {
		port, _ := listensOn(p.Pod, desired)
		for i := range service.Spec.Ports {
			if service.Spec.Ports[i].Port == port {
				return port
			}
		}
	}
	if len(service.Spec.Ports) > 0 {
		return service.Spec.Ports[0].Port
	}
	return desired
}
