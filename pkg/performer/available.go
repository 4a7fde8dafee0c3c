// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// servingPod returns a pod that callers reach through the Service: a ready one, the preferred one if possible,
// or else one that serves on while it is being deleted; nil if there is none. Somebody may keep the operator
// from moving the traffic to the preferred one.
func (a *Assessment) servingPod(preferred *assessedPod) *assessedPod {
	var serving *assessedPod
	for _, p := range a.pods {
		if p.state != podReady && !a.servesOn(p) || !a.routesTo(p) || p.orphaned(a.Performer) {
			continue
		}
		if p == preferred {
			return p
		}
		switch {
		case serving == nil, p.state == podReady && serving.state != podReady:
			serving = p
		case p.state == serving.state && p.Name < serving.Name:
			// Caches list pods in any order, and the message must not vary.
			serving = p
		}
	}
	return serving
}

// routesTo reports whether the Service routes callers to the pod while that is ready: it exists, has a
// cluster IP and a port of the pod, and selects the pod.
func (a *Assessment) routesTo(p *assessedPod) bool {
	s := a.Service
	return s != nil && s.DeletionTimestamp == nil && withoutClusterIP(s) == "" && hasPortOf(s, p) &&
		len(s.Spec.Selector) > 0 && labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(p.Labels))
}

// serviceTypeProblem returns why callers of the Service can't reach any pod, or nil. The operator does not
// change the type back: somebody chose it, and may do so again.
func (a *Assessment) serviceTypeProblem() *Problem {
	s := a.Service
	if s == nil || s.DeletionTimestamp != nil {
		return nil
	}
	why := withoutClusterIP(s)
	if why == "" {
		return nil
	}
	return &Problem{Terminal, ReasonServiceTypeChanged, fmt.Sprintf("Service %s was %s, so callers don't reach the Pod: "+
		"run kubectl delete service -n %s %s, and the operator creates it again with a cluster IP", s.Name, why, s.Namespace, s.Name)}
}

// withoutClusterIP says what was done to the Service so that it has no cluster IP; empty if it has one.
func withoutClusterIP(s *corev1.Service) string {
	switch {
	case s.Spec.Type == corev1.ServiceTypeExternalName:
		return "changed to type ExternalName"
	case s.Spec.ClusterIP == corev1.ClusterIPNone:
		return "made headless (spec.clusterIP is None)"
	}
	return ""
}

// heldObjects returns the end of a message about the objects that can't terminate because of finalizers of
// others: the Service, and with pods the pods.
func (a *Assessment) heldObjects(pods bool) string {
	var texts []string
	if pods {
		for _, p := range a.pods {
			texts = append(texts, heldByFinalizers("Pod", p))
		}
		// Caches list pods in any order, and the message must not vary.
		slices.Sort(texts)
	}
	if a.Service != nil {
		texts = append(texts, heldByFinalizers("Service", a.Service))
	}
	return strings.Join(texts, "")
}
