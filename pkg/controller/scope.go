// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// outageForgottenAfter is when a failure to watch is news again. Failures come at least every half
// minute while they last.
const outageForgottenAfter = 5 * time.Minute

// scope knows how the watching goes in each of the namespaces, or in all.
type scope struct {
	// barred holds the namespaces in which we have been told that we may not watch. It is empty,
	// and nothing is added, if all namespaces are watched together.
	barred map[string]*atomic.Bool

	mu      sync.Mutex
	outages map[string]outage // by namespace and resource
	now     func() time.Time
}

// outage is the last failure to list or watch one resource.
type outage struct {
	reason metav1.StatusReason
	at     time.Time
}

// newScope is for the namespaces of the list; empty means all.
func newScope(namespaces []string) *scope {
	s := &scope{barred: map[string]*atomic.Bool{}, outages: map[string]outage{}, now: time.Now}
	for _, namespace := range namespaces {
		s.barred[namespace] = &atomic.Bool{}
	}
	return s
}

// watchFailed returns a handler for the failures of the reflector of one resource. The reflector
// itself tries again with a backoff of up to half a minute; this only says so once.
func (s *scope) watchFailed(namespace, resource string) cache.WatchErrorHandlerWithContext {
	return func(ctx context.Context, _ *cache.Reflector, err error) {
		logger := klog.FromContext(ctx)
		reason := apierrors.ReasonForError(err)
		switch {
		case apierrors.IsResourceExpired(err), apierrors.IsGone(err), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			// The end of every watch, sooner or later.
			logger.V(4).Info("Watching anew", "resource", resource, "namespace", namespace, "why", err.Error())
			return
		case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
			if barred := s.barred[namespace]; barred != nil {
				barred.Store(true)
			}
		}
		if !s.news(namespace+"/"+resource, reason) {
			logger.V(4).Info("Still cannot list or watch", "resource", resource, "namespace", namespace, "why", err.Error())
			return
		}
		logger.Error(err, "Cannot list or watch, will keep retrying", "resource", resource, "namespace", namespace)
	}
}

// news tells whether a failure is another than the last one, or the first for a while.
func (s *scope) news(key string, reason metav1.StatusReason) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	last, known := s.outages[key]
	s.outages[key] = outage{reason, now}
	return !known || last.reason != reason || now.Sub(last.at) > outageForgottenAfter
}

// held tells whether a namespace has caches that may come to be filled only after somebody has
// made a role there.
func (s *scope) held(namespace string) bool {
	barred := s.barred[namespace]
	return barred != nil && barred.Load()
}

// Synced tells whether the caches are filled, other than those of namespaces in which we may not
// watch.
func (c *Controller) Synced() bool {
	for namespace, caches := range c.caches {
		if !caches.synced() && !c.scope.held(namespace) {
			return false
		}
	}
	return true
}

// admit waits until the caches of a namespace are filled, and then has all its Performers looked
// at: what was in the queue of them before was passed over.
func (c *Controller) admit(ctx context.Context, namespace string, caches *caches) {
	if !cache.WaitForCacheSync(ctx.Done(), caches.synced) {
		return
	}
	if c.scope.held(namespace) {
		klog.FromContext(ctx).Info("The namespace can be watched now", "namespace", namespace)
	}
	c.findHidden(ctx, namespace)
	for _, obj := range caches.performers.GetStore().List() {
		c.queue.Add(cache.MetaObjectToName(obj.(*v1alpha1.Performer)))
	}
}

// syncLimit is how long a sync can take at the very most. The requests of each end with its
// context, after handInLimit, so one that lasts longer has come to a standstill.
const syncLimit = 4 * handInLimit

// underWay holds the syncs that were begun and have not ended.
type underWay struct {
	mu    sync.Mutex
	since map[cache.ObjectName]time.Time
}

func (u *underWay) begin(name cache.ObjectName, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.since[name] = now
}

func (u *underWay) end(name cache.ObjectName) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.since, name)
}

// Healthy returns why a restart would help, or nil: an informer has ended though it should not, or a
// sync has come to a standstill. That the API server is away is no such reason.
func (c *Controller) Healthy() error {
	for namespace, caches := range c.caches {
		for _, resource := range slices.Sorted(maps.Keys(caches.informers())) {
			if caches.informers()[resource].IsStopped() && !c.stopping.Load() {
				return fmt.Errorf("the informer of %s in namespace %q has ended", resource, namespace)
			}
		}
	}
	c.underWay.mu.Lock()
	defer c.underWay.mu.Unlock()
	for name, since := range c.underWay.since {
		if age := c.now().Sub(since); age > syncLimit {
			return fmt.Errorf("the sync of Performer %s has lasted for %s", name, age.Round(time.Second))
		}
	}
	return nil
}

// informers returns the informers by what they watch.
func (c *caches) informers() map[string]cache.SharedIndexInformer {
	return map[string]cache.SharedIndexInformer{"performers": c.performers, "pods": c.pods, "services": c.services}
}

// Leads tells whether the workers run.
func (c *Controller) Leads() bool { return c.working.Load() }

// Performers returns all Performers in the caches, which must not be changed.
func (c *Controller) Performers() []*v1alpha1.Performer {
	var all []*v1alpha1.Performer
	for _, caches := range c.caches {
		for _, obj := range caches.performers.GetStore().List() {
			all = append(all, obj.(*v1alpha1.Performer))
		}
	}
	return all
}

// informerName names the informers of a namespace in their metrics. A second controller in the same
// process finds the name taken, and has no such metrics.
func informerName(namespace string) *cache.InformerName {
	name, err := cache.NewInformerName(cmp.Or(namespace, Name))
	if err != nil {
		return nil
	}
	return name
}
