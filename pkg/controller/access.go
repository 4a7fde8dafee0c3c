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
	// queueAll queues the Performers that the objects may concern.
	queueAll func()

	allowed atomic.Bool
	failed  atomic.Bool // it failed to list or watch at least once
	// The permission is missing or the API is not served. A list that succeeds ends the first, an event the
	// second.
	refusedList  atomic.Bool // before the first list succeeded
	refusedWatch atomic.Bool // after that
}

// An accessState is what is known of the objects of an optional resource.
type accessState int

const (
	accessDenied  accessState = iota // the operator may not read them, or they are not served
	accessUnread                     // it may, as far as anybody knows, and has not read them yet
	accessCurrent                    // they are in the cache, which is kept up to date
)

// startIfAllowed starts the informer and returns at once.
func (o *optionalInformer) startIfAllowed(ctx context.Context) {
	if o.allowed.Load() {
		o.start(ctx)
	}
}

// access returns what is known of the objects. A failure other than a refusal, such as an API server that is
// overloaded, says nothing about the permission.
func (o *optionalInformer) access() accessState {
	switch synced := o.HasSynced(); {
	case !o.allowed.Load(), synced && o.refusedWatch.Load(), !synced && o.refusedList.Load():
		return accessDenied
	case !synced:
		return accessUnread
	default:
		return accessCurrent
	}
}

// complete reports whether the cache is filled, or never will be.
func (o *optionalInformer) complete() bool { return !o.allowed.Load() || o.HasSynced() }

// settled reports whether a decision need not wait for the objects any longer.
func (o *optionalInformer) settled() bool { return o.complete() || o.failed.Load() }

// eventCame notes that the objects are watched.
func (o *optionalInformer) eventCame() {
	if o.refusedWatch.Load() && o.refusedWatch.CompareAndSwap(true, false) {
		o.queueAll()
	}
}

// watchFailed returns a handler for the failures of the informer's reflector.
func (o *optionalInformer) watchFailed(s *watchScope, namespace, resource string) cache.WatchErrorHandlerWithContext {
	return func(ctx context.Context, _ *cache.Reflector, err error) {
		if endsEveryWatch(err) {
			return
		}
		o.failed.Store(true)
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
			refused := &o.refusedList
			if o.HasSynced() {
				refused = &o.refusedWatch
			}
			if refused.CompareAndSwap(false, true) {
				o.queueAll()
			}
		}
		s.log(ctx, namespace, resource, err)
	}
}
