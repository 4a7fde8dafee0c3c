// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// hidden remembers, by the UID of their Performer, the names of pods that left a cache without having
// been told to end: most likely they run on, and somebody took off the label by which we watch.
type hidden struct {
	mu   sync.Mutex
	pods map[types.UID][]string
}

func newHidden() *hidden {
	return &hidden{pods: map[types.UID][]string{}}
}

func (h *hidden) add(performer types.UID, pod string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.pods[performer], pod) {
		h.pods[performer] = append(h.pods[performer], pod)
	}
}

// forget drops what is known of a Performer that is gone.
func (h *hidden) forget(performer types.UID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.pods, performer)
}

// of returns the names of the pods of a Performer.
func (h *hidden) of(performer types.UID) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.pods[performer])
}

// drop forgets a pod that is gone, or in a cache again.
func (h *hidden) drop(performer types.UID, pod string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	left := slices.DeleteFunc(h.pods[performer], func(name string) bool { return name == pod })
	if len(left) == 0 {
		delete(h.pods, performer)
		return
	}
	h.pods[performer] = left
}
