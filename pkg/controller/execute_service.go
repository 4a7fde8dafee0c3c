// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

func (e *execution) createService(ctx context.Context, service *corev1.Service) error {
	services := e.kube.CoreV1().Services(service.Namespace)
	created, err := services.Create(ctx, service, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		// It has another owner; or it is ours and lost the label by which we watch.
		live, err := services.Get(ctx, service.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("reading Service %s: %w", service.Name, err)
		}
		if !render.ControlledBy(live, e.observed.Performer) {
			return serviceConflict(service.Name)
		}
		if live.DeletionTimestamp != nil {
			return nil
		}
		// With its labels restored it is in the cache again, and the next sync plans the rest.
		e.setService(live)
		return e.patchService(ctx, live, performer.MissingServiceLabels(e.observed.Performer, live))
	}
	if err != nil {
		return refusedOr(err, performer.ReasonServiceRefused, "creating Service "+service.Name)
	}
	e.recordWrite(kindService, created)
	e.setService(created)
	return nil
}

func (e *execution) patchService(ctx context.Context, live *corev1.Service, change performer.ServiceChange) error {
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
	if apierrors.IsNotFound(err) {
		// Its deletion event triggers the next sync.
		e.setService(nil)
		return nil
	}
	if err != nil {
		return refusedOr(err, performer.ReasonServiceRefused, "patching Service "+live.Name)
	}
	e.recordWrite(kindService, patched)
	e.setService(patched)
	return nil
}

func (e *execution) deleteService(ctx context.Context, live *corev1.Service) error {
	err := e.kube.CoreV1().Services(live.Namespace).Delete(ctx, live.Name, fencedDelete(live))
	if err != nil && !apierrors.IsNotFound(err) {
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
