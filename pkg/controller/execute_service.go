// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func (e *execution) createService(ctx context.Context, service *corev1.Service) error {
	services := e.kube.CoreV1().Services(service.Namespace)
	created, err := services.Create(ctx, service, metav1.CreateOptions{})
	if apierrors.IsInvalid(err) && service.Spec.ClusterIP != "" {
		// Another Service has the address by now, or the cluster gives out others.
		service = service.DeepCopy()
		service.Spec.ClusterIP = ""
		created, err = services.Create(ctx, service, metav1.CreateOptions{})
	}
	if apierrors.IsAlreadyExists(err) {
		live, err := services.Get(ctx, service.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("reading Service %s: %w", service.Name, err)
		}
		return e.foundService(ctx, live)
	}
	if err != nil {
		return fmt.Errorf("creating Service %s: %w", service.Name, err)
	}
	e.recordWrite(kindService, created)
	e.setService(created)
	return nil
}

// foundService deals with a Service that exists although the cache does not show it as ours: it lost the
// label by which we watch, nobody controls it, it is about to be deleted, or somebody else controls it.
func (e *execution) foundService(ctx context.Context, live *corev1.Service) error {
	p := e.observed.Performer
	if earlier := performer.EarlierService(live, p); earlier != nil {
		return &refusal{earlier}
	}
	switch {
	case render.ControlledBy(live, p):
		// With its labels restored it is in the cache again, and the next sync plans the rest.
		e.setService(live)
		return e.patchService(ctx, live, performer.MissingServiceLabels(p, live))
	case performer.IsOrphan(live, p):
		e.setService(live)
		return e.adoptService(ctx, live)
	default:
		return serviceConflict(live.Name)
	}
}

// adoptService makes the Performer the controller of a Service that has none.
func (e *execution) adoptService(ctx context.Context, live *corev1.Service) error {
	patched, err := patch(ctx, e.kube.CoreV1().Services(live.Namespace).Patch, live.Name, e.adoption(live))
	if gone(err) {
		e.setService(nil)
		return nil
	}
	if err != nil {
		return fmt.Errorf("adopting Service %s: %w", live.Name, err)
	}
	klog.FromContext(ctx).Info("Adopted Service", "service", live.Name)
	e.recordWrite(kindService, patched)
	e.setService(patched)
	return nil
}

func (e *execution) patchService(ctx context.Context, live *corev1.Service, change performer.ServiceChange) error {
	if now := e.observed.Service; now != nil && now.UID == live.UID {
		live = now // as the last write of this execution left it
	}
	spec := map[string]any{}
	if change.Ports != nil {
		spec["ports"] = change.Ports
	}
	if change.Selector != nil {
		selector := map[string]any{}
		for key := range live.Spec.Selector {
			selector[key] = nil
		}
		for key, value := range change.Selector {
			selector[key] = value
		}
		spec["selector"] = selector
	}
	meta := fencedMeta(live)
	setKeys(meta, "labels", change.Labels)
	body := map[string]any{"metadata": meta, "spec": spec}
	patched, err := patch(ctx, e.kube.CoreV1().Services(live.Namespace).Patch, live.Name, body)
	if gone(err) {
		// Its deletion event triggers the next sync.
		e.setService(nil)
		return nil
	}
	if err != nil {
		return fmt.Errorf("patching Service %s: %w", live.Name, err)
	}
	e.recordWrite(kindService, patched)
	e.setService(patched)
	return nil
}

func (e *execution) deleteService(ctx context.Context, live *corev1.Service) error {
	err := e.kube.CoreV1().Services(live.Namespace).Delete(ctx, live.Name, fencedDelete(live))
	if err != nil && !gone(err) {
		return fmt.Errorf("deleting Service %s: %w", live.Name, err)
	}
	e.setService(nil)
	return nil
}

// setService replaces the observed Service after a write.
func (e *execution) setService(service *corev1.Service) {
	e.observed.Service = service
	e.changed = true
}
