// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// takeoverGrace is how long a pod of the earlier operator has our labels before its Service selects by
// them: the endpoint slice controller must have seen the labels first.
const takeoverGrace = 5 * time.Second

// planService creates the Service, or restores what it lost.
func (a *Assessment) planService(plan *Plan) {
	ports := a.servicePorts()
	switch live := a.Service; {
	case live == nil:
		service := render.Service(a.Performer, ports)
		// If it was deleted, clients may know its address.
		service.Spec.ClusterIP = a.Performer.Status.ClusterIP
		plan.addActions(CreateService{service})
	case live.DeletionTimestamp != nil:
		// Its deletion event triggers the next sync.
	default:
		change := serviceChange(a.Performer, live, ports)
		if target := a.trafficTarget; change.Selector != nil && target != nil {
			if left := takeoverGrace - a.since(target, render.AnnotationServingSince); !target.serves() || left > 0 {
				change.Selector = nil
				plan.requeueAfter(max(left, time.Second))
			}
		}
		if !change.empty() {
			plan.addActions(PatchService{live, change})
		}
	}
}

// serviceProblem reports a Service that is being deleted, or nil: the next one can't be created yet.
func (a *Assessment) serviceProblem() *Problem {
	if a.Service == nil || a.Service.DeletionTimestamp == nil {
		return nil
	}
	return terminatingService(a.Service)
}

// EarlierService returns why the Service of this name can't be created yet, if the one that exists is about
// to go: it is being deleted, or belongs to an earlier Performer of the name; nil if it stays.
func EarlierService(live *corev1.Service, p *v1alpha1.Performer) *Problem {
	switch {
	case live.DeletionTimestamp != nil:
		return terminatingService(live)
	case earlierOwner(live, p):
		return &Problem{Waiting, ReasonServiceTerminating, fmt.Sprintf(
			"Waiting for the garbage collector to delete Service %s of an earlier Performer of this name", live.Name)}
	default:
		return nil
	}
}

func terminatingService(live *corev1.Service) *Problem {
	return &Problem{Waiting, ReasonServiceTerminating, fmt.Sprintf(
		"Waiting for Service %s to terminate before creating its replacement%s", live.Name, heldByFinalizers("Service", live))}
}

// hasOurSelector reports whether the Service selects by the serving label. The Service of the earlier
// operator does not until it has been adopted.
func hasOurSelector(p *v1alpha1.Performer, service *corev1.Service) bool {
	return service == nil || maps.Equal(service.Spec.Selector, render.ServiceSelector(p))
}

// A ServiceChange is what to patch on a live Service; nil fields stay as they are. What users added,
// labels, annotations or another type, stays too.
type ServiceChange struct {
	// Labels to set.
	Labels map[string]string
	// Selector is the complete selector; keys that are not in it are removed.
	Selector map[string]string
	// Ports is the complete list of ports.
	Ports []corev1.ServicePort
}

func (c *ServiceChange) empty() bool {
	return c.Labels == nil && c.Selector == nil && c.Ports == nil
}

// MissingServiceLabels returns the change that restores the labels by which a Service is watched, and
// nothing else.
func MissingServiceLabels(p *v1alpha1.Performer, live *corev1.Service) ServiceChange {
	return ServiceChange{Labels: missing(live.Labels, render.CommonLabels(p))}
}

// serviceChange returns how a live Service differs from the desired one.
func serviceChange(p *v1alpha1.Performer, live *corev1.Service, ports []corev1.ServicePort) ServiceChange {
	change := MissingServiceLabels(p, live)
	if !hasOurSelector(p, live) {
		change.Selector = render.ServiceSelector(p)
	}
	for i := range ports {
		for _, port := range live.Spec.Ports {
			if port.Name == ports[i].Name {
				// If somebody made it a NodePort Service, its number stays.
				ports[i].NodePort = port.NodePort
			}
		}
	}
	if !samePorts(live.Spec.Ports, ports) {
		change.Ports = ports
	}
	return change
}
