// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// TestNamespacesTakeTurns queues many Performers of one namespace before those of others.
func TestNamespacesTakeTurns(t *testing.T) {
	queue := newQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](time.Millisecond, time.Second))
	defer queue.ShutDown()
	for i := range 5 {
		queue.Add(cache.NewObjectName("greedy", fmt.Sprint(i)))
	}
	queue.Add(cache.NewObjectName("greedy", "0")) // it waits already
	for _, name := range []string{"b/0", "c/0", "b/1"} {
		queue.Add(cache.NewObjectName(name[:1], name[2:]))
	}
	want := []string{"greedy/0", "b/0", "c/0", "greedy/1", "b/1", "greedy/2", "greedy/3", "greedy/4"}
	if queue.Len() != len(want) {
		t.Errorf("length %d, want %d", queue.Len(), len(want))
	}
	var got []string
	for range want {
		name, _ := queue.Get()
		queue.Done(name)
		got = append(got, name.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	queue.Add(cache.NewObjectName("b", "0"))
	if name, _ := queue.Get(); name.String() != "b/0" || queue.Len() != 0 {
		t.Errorf("got %s and %d more", name, queue.Len())
	}
}
