// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/client-go/tools/cache"
)

// hungSyncAfter is when a sync counts as hung. Its requests end with its context, after syncTimeout, so
// one that takes this long makes no progress.
const hungSyncAfter = 4 * syncTimeout

// inFlight tracks the syncs that have begun and not ended.
type inFlight struct {
	mu    sync.Mutex
	since map[cache.ObjectName]time.Time
}

func (f *inFlight) begin(name cache.ObjectName, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.since[name] = now
}

func (f *inFlight) end(name cache.ObjectName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.since, name)
}

// Healthy returns why a restart would help, or nil: an informer ended unexpectedly, or a sync hangs. An
// unreachable API server is no such reason.
func (c *Controller) Healthy() error {
	for namespace, caches := range c.caches {
		informers := caches.informers()
		for resource, informer := range caches.optional() {
			informers[resource] = informer
		}
		for _, resource := range slices.Sorted(maps.Keys(informers)) {
			if informers[resource].IsStopped() && !c.stopping.Load() {
				return fmt.Errorf("the informer of %s in namespace %q has ended", resource, namespace)
			}
		}
	}
	if c.nodes.IsStopped() && !c.stopping.Load() {
		return errors.New("the informer of nodes has ended")
	}
	c.inFlight.mu.Lock()
	defer c.inFlight.mu.Unlock()
	for name, since := range c.inFlight.since {
		if age := c.now().Sub(since); age > hungSyncAfter {
			return fmt.Errorf("the sync of Performer %s has lasted for %s", name, age.Round(time.Second))
		}
	}
	return nil
}
