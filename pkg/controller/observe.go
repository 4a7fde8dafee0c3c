// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// assess evaluates the state of an observed Performer.
func (c *Controller) assess(ctx context.Context, observed performer.Observed) (assessment *performer.Assessment, err error) {
	assessment = performer.Assess(observed, c.settings)
	if assessment.NeedsEndpoints() {
		assessment.Endpoints, err = c.readyEndpoints(ctx, observed.Service)
	}
	return assessment, err
}

// observe gathers the inputs to a decision about p. The caches nearly always suffice; the API server is
// queried only if they can't be complete.
func (c *Controller) observe(ctx context.Context, caches *caches, p *v1alpha1.Performer) (performer.Observed, error) {
	o := performer.Observed{Performer: p, Now: c.now()}
	if err := caches.observePods(&o); err != nil {
		return o, err
	}
	if o.HighestOrdinal() > p.Status.PodOrdinal {
		// Whoever created that pod recorded its ordinal first, so the cached Performer is
		// stale, or its status was lost.
		live, err := c.hourglass.HourglassV1alpha1().Performers(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
		if err != nil {
			return o, fmt.Errorf("reading the Performer: %w", err)
		}
		if live.UID != p.UID {
			return o, apierrors.NewConflict(v1alpha1.Resource("performers"), p.Name, errors.New("it was deleted and recreated"))
		}
		o.Performer, p = live, live
	}
	if err := c.observeUnlabeledPods(ctx, &o); err != nil {
		return o, err
	}
	if err := c.observeFullObjects(ctx, &o); err != nil {
		return o, err
	}
	service, err := caches.service(p.Namespace, render.ServiceName(p.Name))
	if err != nil {
		return o, err
	}
	if service == nil && p.Status.ServiceName != "" && p.DeletionTimestamp == nil {
		// It was deleted; or it lost the label by which we watch.
		service, err = c.kube.CoreV1().Services(p.Namespace).Get(ctx, p.Status.ServiceName, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			service = nil
		} else if err != nil {
			return o, fmt.Errorf("reading Service %s: %w", p.Status.ServiceName, err)
		}
	}
	if service != nil && (render.ControlledBy(service, p) || p.DeletionTimestamp == nil && performer.IsOrphan(service, p)) {
		o.Service = service
	}
	if err := errors.Join(observeBudgets(caches, &o), observeEvictions(caches, &o)); err != nil {
		return o, err
	}
	return o, c.observeNodes(ctx, &o)
}

// otherService returns the UID of the Service of the Performer's name, if the cache shows one that is not
// the Performer's; else it is empty.
func (c *caches) otherService(o *performer.Observed) types.UID {
	service, err := c.service(o.Performer.Namespace, render.ServiceName(o.Performer.Name))
	if err != nil || service == nil || o.Service != nil {
		return ""
	}
	return service.UID
}

// readyEndpoints returns the names of the pods that the Service's endpoint slices show as ready in each
// address family, or nil if listing them is forbidden. They are listed only during a handover: a watch
// would deliver every endpoint change of every Performer.
func (c *Controller) readyEndpoints(ctx context.Context, service *corev1.Service) (map[string]bool, error) {
	list, err := c.kube.DiscoveryV1().EndpointSlices(service.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + service.Name,
	})
	switch {
	case apierrors.IsForbidden(err):
		c.slicesForbidden.Do(func() {
			klog.FromContext(ctx).Info("Not allowed to list endpoint slices: upgrades wait a fixed time before they move traffic")
		})
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading endpoint slices: %w", err)
	}
	return readyInEachFamily(list.Items, service.Spec.IPFamilies), nil
}

// readyInEachFamily returns the names of the pods that the slices show as ready in each of the families. A
// family whose slices have no endpoint at all is left out: no pod has an address of it.
func readyInEachFamily(endpointSlices []discoveryv1.EndpointSlice, families []corev1.IPFamily) map[string]bool {
	type endpoint struct {
		pod    string
		family discoveryv1.AddressType
	}
	ready := map[endpoint]bool{}
	endpoints := map[discoveryv1.AddressType]int{}
	names := map[string]bool{}
	for _, slice := range endpointSlices {
		endpoints[slice.AddressType] += len(slice.Endpoints)
		for _, e := range slice.Endpoints {
			if ref := e.TargetRef; ref != nil && ref.Kind == "Pod" && ptr.Deref(e.Conditions.Ready, true) {
				ready[endpoint{ref.Name, slice.AddressType}], names[ref.Name] = true, true
			}
		}
	}
	maps.DeleteFunc(names, func(pod string, _ bool) bool {
		return slices.ContainsFunc(families, func(family corev1.IPFamily) bool {
			addressType := discoveryv1.AddressType(family)
			count, listed := endpoints[addressType]
			return !ready[endpoint{pod, addressType}] && (count > 0 || !listed)
		})
	})
	return names
}

// observeUnlabeledPods adds pods that the cache lacks, read from the API server: the pod that the status
// names, and those that left the cache without having been deleted. A pod without our label is not in
// the cache, but may still be running.
func (c *Controller) observeUnlabeledPods(ctx context.Context, o *performer.Observed) error {
	p := o.Performer
	names := c.unlabeled.of(p.UID)
	if p.DeletionTimestamp == nil && p.Status.PodName != "" && !slices.Contains(names, p.Status.PodName) {
		names = append(names, p.Status.PodName)
	}
	for _, name := range names {
		if slices.ContainsFunc(o.Pods, func(pod *corev1.Pod) bool { return pod.Name == name }) {
			c.unlabeled.drop(p.UID, name)
			continue
		}
		pod, err := c.kube.CoreV1().Pods(p.Namespace).Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err), err == nil && !render.ControlledBy(pod, p):
			c.unlabeled.drop(p.UID, name)
		case err != nil:
			return fmt.Errorf("reading pod %s: %w", name, err)
		default:
			o.Pods = append(o.Pods, pod)
		}
	}
	return nil
}

// observeFullObjects replaces the pods whose full object a decision needs, read from the API server.
func (c *Controller) observeFullObjects(ctx context.Context, o *performer.Observed) error {
	var remaining []*corev1.Pod
	for _, pod := range o.Pods {
		if performer.NeedsFullObject(pod) {
			full, err := c.kube.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
			switch {
			case apierrors.IsNotFound(err), err == nil && full.UID != pod.UID:
				continue
			case err != nil:
				return fmt.Errorf("reading pod %s: %w", pod.Name, err)
			}
			pod = full
		}
		remaining = append(remaining, pod)
	}
	o.Pods = remaining
	return nil
}
