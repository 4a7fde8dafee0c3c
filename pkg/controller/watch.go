// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// watch registers handlers that queue a Performer for every event that may concern it.
func (c *Controller) watch(namespace string, caches *caches) error {
	performers := handlerFor(func(p *v1alpha1.Performer, deleted bool) {
		if deleted {
			c.unlabeled.forget(p.UID)
		}
		c.queue.Add(cache.MetaObjectToName(p))
	})
	owned := handlerFor(func(object metav1.Object, deleted bool) {
		owner := performerOf(object)
		// A Performer adopts what has its labels and no controller, and reports the pods of others that have
		// them.
		if name := object.GetLabels()[render.LabelPerformer]; name != "" && (owner == nil || owner.Name != name) {
			c.queue.Add(cache.NewObjectName(object.GetNamespace(), name))
		}
		if owner == nil {
			return
		}
		name := cache.NewObjectName(object.GetNamespace(), owner.Name)
		if pod, ok := object.(*corev1.Pod); ok && deleted && pod.DeletionTimestamp == nil && c.mustRemember(caches, name, owner.UID) {
			c.unlabeled.add(owner.UID, pod.Name)
		}
		c.queue.Add(name)
	})
	for resource, informer := range caches.informers() {
		handler := owned
		if resource == "performers" {
			handler = performers
		}
		if _, err := informer.AddEventHandler(handler); err != nil {
			return fmt.Errorf("adding an event handler: %w", err)
		}
		if err := informer.SetWatchErrorHandlerWithContext(c.watchScope.watchFailed(namespace, resource)); err != nil {
			return fmt.Errorf("adding an error handler: %w", err)
		}
	}
	return nil
}

// performerOf returns the reference to the Performer that controls an object, or nil if none does.
func performerOf(object metav1.Object) *metav1.OwnerReference {
	owner := metav1.GetControllerOf(object)
	if owner == nil || owner.Kind != "Performer" {
		return nil
	}
	if group, err := schema.ParseGroupVersion(owner.APIVersion); err != nil || group.Group != v1alpha1.GroupName {
		return nil
	}
	return owner
}

// mustRemember reports whether the pods of this Performer that left a cache matter. A standby decides
// nothing, and would only accumulate them.
func (c *Controller) mustRemember(caches *caches, name cache.ObjectName, uid types.UID) bool {
	if !c.working.Load() {
		return false
	}
	p, err := caches.performer(name)
	return err == nil && p != nil && p.UID == uid
}

// handlerFor returns a handler that calls handle for every object that was added, updated or deleted.
// For an update it handles both states, since the earlier one may have belonged to another owner.
func handlerFor[T metav1.Object](handle func(object T, deleted bool)) cache.ResourceEventHandler {
	pass := func(obj any, deleted bool) {
		if last, ok := obj.(cache.DeletedFinalStateUnknown); ok {
			obj = last.Obj
		}
		if object, ok := obj.(T); ok {
			handle(object, deleted)
		}
	}
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(obj any) { pass(obj, false) },
		UpdateFunc: func(old, now any) { pass(old, false); pass(now, false) },
		DeleteFunc: func(obj any) { pass(obj, true) },
	}
}
