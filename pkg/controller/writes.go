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
	// staleLookAgain is when a Performer that was skipped is looked at again; the event for which
	// it waits mostly comes before.
	staleLookAgain = 250 * time.Millisecond
	// staleLimit is how long a write is waited for. After that the sync goes on: names are
	// deterministic and writes are fenced, so an old view costs requests and not correctness, while
	// a cluster restored from a backup may never reach the version of the write.
	staleLimit = 5 * time.Second
)

// writes remembers what was last written for each Performer, so that a sync can tell whether the
// caches show it yet. Deciding on a view from before one's own write would do that write again.
type writes struct {
	mu     sync.Mutex
	latest map[cache.ObjectName]map[kind]write
}

// kind names the cache in which a write will show.
type kind int

const (
	kindPerformer kind = iota
	kindPod
	kindService
)

type write struct {
	resourceVersion string
	at              time.Time
}

func newWrites() *writes {
	return &writes{latest: map[cache.ObjectName]map[kind]write{}}
}

// wrote remembers that the API server answered a write with the given resource version.
func (w *writes) wrote(name cache.ObjectName, k kind, resourceVersion string, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.latest[name] == nil {
		w.latest[name] = map[kind]write{}
	}
	w.latest[name][k] = write{resourceVersion, at}
}

// forget drops what is known of a Performer that is gone.
func (w *writes) forget(name cache.ObjectName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.latest, name)
}

// shown tells whether the caches hold all that was written for the Performer. It says so too where
// it can't tell: versions that are no numbers, or a write that is older than staleLimit.
func (w *writes) shown(name cache.ObjectName, c *caches, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	stores := map[kind]cache.Store{
		kindPerformer: c.performers.GetStore(),
		kindPod:       c.pods.GetStore(),
		kindService:   c.services.GetStore(),
	}
	for k, write := range w.latest[name] {
		seen, err := resourceversion.CompareResourceVersion(stores[k].LastStoreSyncResourceVersion(), write.resourceVersion)
		if err == nil && seen < 0 && now.Sub(write.at) < staleLimit {
			return false
		}
		delete(w.latest[name], k)
	}
	delete(w.latest, name)
	return true
}
