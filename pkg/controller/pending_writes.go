// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/tools/cache"
)

const (
	// staleRequeue is when a skipped Performer is synced again. The event that it waits for usually
	// comes earlier.
	staleRequeue = 250 * time.Millisecond
	// staleLimit is how long a sync waits for a write to become visible. After that it goes on: names
	// are deterministic and writes are fenced, so an old view costs requests and not correctness, while
	// a cluster restored from a backup may never reach the version of the write.
	staleLimit = 5 * time.Second
)

// pendingWrites remembers the last writes for each Performer, so that a sync can check whether the
// caches show them yet. A decision on a view from before our own write would repeat that write.
type pendingWrites struct {
	mu     sync.Mutex
	latest map[cache.ObjectName]map[kind]write
}

// kind names the cache in which a write becomes visible.
type kind int

const (
	kindPerformer kind = iota
	kindPod
	kindService
	kindBudget
	kindEviction
)

// informer returns the informer of objects of a kind.
func (c *caches) informer(k kind) cache.SharedIndexInformer {
	switch k {
	case kindPerformer:
		return c.performers
	case kindPod:
		return c.pods
	case kindService:
		return c.services
	case kindBudget:
		return c.budgets
	default: // kindEviction
		return c.evictions
	}
}

type write struct {
	resourceVersion string
	at              time.Time
}

func newPendingWrites() *pendingWrites {
	return &pendingWrites{latest: map[cache.ObjectName]map[kind]write{}}
}

// record remembers that the API server answered a write with the given resource version.
func (w *pendingWrites) record(name cache.ObjectName, k kind, resourceVersion string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.latest[name] == nil {
		w.latest[name] = map[kind]write{}
	}
	w.latest[name][k] = write{resourceVersion, at}
}

// forget removes the entries of a Performer that is gone.
func (w *pendingWrites) forget(name cache.ObjectName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.latest, name)
}

// visible reports whether the caches contain everything that was written for the Performer. It also
// returns true if that is unknown: for versions that are no numbers, or a write older than staleLimit.
func (w *pendingWrites) visible(name cache.ObjectName, c *caches, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for k, write := range w.latest[name] {
		seen, err := resourceversion.CompareResourceVersion(c.informer(k).GetStore().LastStoreSyncResourceVersion(), write.resourceVersion)
		if err == nil && seen < 0 && now.Sub(write.at) < staleLimit {
			return false
		}
		delete(w.latest[name], k)
	}
	delete(w.latest, name)
	return true
}
