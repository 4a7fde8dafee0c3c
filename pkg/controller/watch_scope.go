// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// outageExpiry is when a failure to watch is logged again. While an outage lasts, failures come at
// least every half minute.
const outageExpiry = 5 * time.Minute

// watchScope tracks which of the watched namespaces can't be watched.
type watchScope struct {
	// forbidden has an entry for each namespace of the watch scope, which is set once watching there
	// was forbidden. It is empty if all namespaces are watched together.
	forbidden map[string]*atomic.Bool

	mu      sync.Mutex
	outages map[string]outage // by namespace and resource
	now     func() time.Time
}

// outage is the last failure to list or watch one resource.
type outage struct {
	reason metav1.StatusReason
	at     time.Time
}

// newWatchScope returns the watch scope of the given namespaces; empty means all.
func newWatchScope(namespaces []string) *watchScope {
	s := &watchScope{forbidden: map[string]*atomic.Bool{}, outages: map[string]outage{}, now: time.Now}
	for _, namespace := range namespaces {
		s.forbidden[namespace] = &atomic.Bool{}
	}
	return s
}

// watchFailed returns a handler for the failures of the reflector of one resource. The reflector itself
// retries with a backoff of up to half a minute; this only logs each kind of failure once.
func (s *watchScope) watchFailed(namespace, resource string) cache.WatchErrorHandlerWithContext {
	return func(ctx context.Context, _ *cache.Reflector, err error) {
		switch {
		case endsEveryWatch(err):
			klog.FromContext(ctx).V(4).Info("Restarting the watch", "resource", resource, "namespace", namespace, "why", err.Error())
			return
		case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
			if forbidden := s.forbidden[namespace]; forbidden != nil {
				forbidden.Store(true)
			}
		}
		s.log(ctx, namespace, resource, err)
	}
}

// endsEveryWatch reports whether the error is how every watch ends, sooner or later.
func endsEveryWatch(err error) bool {
	return apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// log logs a failure to list or watch, unless the same one was logged lately.
func (s *watchScope) log(ctx context.Context, namespace, resource string, err error) {
	logger := klog.FromContext(ctx)
	if !s.isNew(namespace+"/"+resource, apierrors.ReasonForError(err)) {
		logger.V(4).Info("Still cannot list or watch", "resource", resource, "namespace", namespace, "why", err.Error())
		return
	}
	logger.Error(err, "Cannot list or watch, will keep retrying", "resource", resource, "namespace", namespace)
}

// isNew reports whether a failure differs from the last one, or is the first for a while.
func (s *watchScope) isNew(key string, reason metav1.StatusReason) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	last, known := s.outages[key]
	s.outages[key] = outage{reason, now}
	return !known || last.reason != reason || now.Sub(last.at) > outageExpiry
}

// isForbidden reports whether the caches of a namespace can't be filled before somebody grants a role
// there.
func (s *watchScope) isForbidden(namespace string) bool {
	forbidden := s.forbidden[namespace]
	return forbidden != nil && forbidden.Load()
}

// Synced reports whether the caches are filled, except those of namespaces where watching is forbidden.
func (c *Controller) Synced() bool {
	for namespace, caches := range c.caches {
		if !caches.synced() && !c.watchScope.isForbidden(namespace) {
			return false
		}
	}
	return true
}

// queueWhenSynced waits until the caches of a namespace are filled and then queues all its Performers:
// any that were queued earlier were skipped.
func (c *Controller) queueWhenSynced(ctx context.Context, namespace string, caches *caches) {
	if !cache.WaitForCacheSync(ctx.Done(), caches.synced, caches.settled, c.nodes.settled) {
		return
	}
	if c.watchScope.isForbidden(namespace) {
		klog.FromContext(ctx).Info("Namespace can be watched now", "namespace", namespace)
	}
	c.findUnlabeledPods(ctx, namespace)
	c.queueAll(caches)
	if optional := []cache.InformerSynced{caches.complete, c.nodes.complete}; !optional[0]() || !optional[1]() {
		if cache.WaitForCacheSync(ctx.Done(), optional...) {
			c.queueAll(caches)
		}
	}
}

func (c *Controller) queueAll(caches *caches) {
	for _, obj := range caches.performers.GetStore().List() {
		c.queue.Add(cache.MetaObjectToName(obj.(*v1alpha1.Performer)))
	}
}
