// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/cache"
)

// Access says which resources that the operator can do without the API server lets it use.
type Access struct {
	// Nodes is whether nodes can be read.
	Nodes bool
	// Budgets are the namespaces of the watch scope in which PodDisruptionBudgets can be read and written;
	// metav1.NamespaceAll means all namespaces.
	Budgets []string
	// Evictions are the namespaces of the watch scope in which the operator is a responder of Evictions;
	// metav1.NamespaceAll means all namespaces.
	Evictions []string
}

// Allow sets what the controller may use. It is called before Start. Without it, neither nodes nor
// PodDisruptionBudgets nor Evictions are used.
func (c *Controller) Allow(a Access) {
	c.nodes.allowed.Store(a.Nodes)
	for namespace, caches := range c.caches {
		caches.budgets.allowed.Store(slices.Contains(a.Budgets, namespace))
		caches.evictions.allowed.Store(slices.Contains(a.Evictions, namespace))
	}
}

// optionalInformer is an informer of a resource that the operator can do without. It runs only where the
// API server lets the operator use the resource. Nothing waits for one that fails.
type optionalInformer struct {
	cache.SharedIndexInformer
	start func(context.Context)

	allowed atomic.Bool
	failed  atomic.Bool // it failed to list or watch at least once
	refused atomic.Bool // the permission was taken away or the API is not served, and no event came since
}

// startIfAllowed starts the informer and returns at once.
func (o *optionalInformer) startIfAllowed(ctx context.Context) {
	if o.allowed.Load() {
		o.start(ctx)
	}
}

// known reports whether the objects are in the cache, and are kept up to date.
func (o *optionalInformer) known() bool {
	return o.allowed.Load() && o.HasSynced() && !o.refused.Load()
}

// complete reports whether the cache is filled, or never will be.
func (o *optionalInformer) complete() bool { return !o.allowed.Load() || o.HasSynced() }

// settled reports whether a decision need not wait for the objects any longer.
func (o *optionalInformer) settled() bool { return o.complete() || o.failed.Load() }

// eventCame notes that the objects are watched. It returns true if they could not be read before.
func (o *optionalInformer) eventCame() bool {
	return o.refused.Load() && o.refused.CompareAndSwap(true, false)
}

// watchFailed returns a handler for the failures of the informer's reflector.
func (o *optionalInformer) watchFailed(s *watchScope, namespace, resource string) cache.WatchErrorHandlerWithContext {
	return func(ctx context.Context, _ *cache.Reflector, err error) {
		if endsEveryWatch(err) {
			return
		}
		o.failed.Store(true)
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
			o.refused.Store(true)
		}
		s.log(ctx, namespace, resource, err)
	}
}
