// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"testing"
	"time"

	"k8s.io/client-go/tools/cache"
)

// storeAt is an informer whose store is at the given resource version.
type storeAt struct {
	cache.SharedIndexInformer
	version string
}

func (s storeAt) GetStore() cache.Store {
	return &cache.FakeCustomStore{LastStoreSyncResourceVersionFunc: func() string { return s.version }}
}

func TestPendingWritesVisible(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	name := cache.NewObjectName("ns", "x")
	tests := []struct {
		name  string
		store string
		later time.Duration
		want  bool
	}{
		{"older", "99", 0, false},
		{"the same", "100", 0, true},
		{"newer", "101", 0, true},
		{"older, and the write is older than staleLimit", "99", staleLimit, true},
		{"no version", "", 0, true},
		{"not a number", "abc", 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newPendingWrites()
			w.record(name, kindPod, "100", now)
			caches := &caches{performers: storeAt{version: "1"}, pods: storeAt{version: tt.store}, services: storeAt{version: "1"}}
			if got := w.visible(name, caches, now.Add(tt.later)); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if _, remembered := w.latest[name]; remembered == tt.want {
				t.Errorf("entry kept: %v", remembered)
			}
			if other := cache.NewObjectName("ns", "y"); !w.visible(other, caches, now) {
				t.Error("another Performer waits for the write")
			}
		})
	}
}

func TestPendingWritesForget(t *testing.T) {
	w := newPendingWrites()
	name := cache.NewObjectName("ns", "x")
	w.record(name, kindPod, "100", time.Now())
	w.forget(name)
	if len(w.latest) > 0 {
		t.Errorf("entries are kept: %v", w.latest)
	}
}
