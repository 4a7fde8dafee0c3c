// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fairness

import (
	"fmt"
	"slices"
	"testing"
)

func TestPoolEvictsFromTheGreatestClient(t *testing.T) {
	pool := NewPool(10)
	var evicted []string
	enter := func(client, name string, size int64) *Holding {
		t.Helper()
		return pool.Enter(client, size, func() { evicted = append(evicted, name) })
	}
	expect := func(want ...string) {
		t.Helper()
		if !slices.Equal(evicted, want) {
			t.Errorf("evicted %q, want %q", evicted, want)
		}
		evicted = nil
	}
	first := enter("a", "first", 4)
	enter("a", "second", 3)
	enter("a", "third", 3)
	expect()
	first.Use()
	small := enter("b", "small", 1)
	expect("second")
	enter("b", "large", 4)
	expect("third")
	small.Grow(1)
	small.Grow(1)
	// b holds most now, so that it pays for itself.
	expect("large")
	small.Leave()
	small.Leave()
	enter("c", "too large", 11)
	expect("too large")
	first.Leave()
	if pool.total != 0 || len(pool.held) != 0 || len(pool.holdings) != 0 {
		t.Errorf("left in the pool: %d in total, %v", pool.total, pool.held)
	}
}

// TestPoolFavorsNobody fills the pool by one client, and then has each of many others hold as much
// as its share.
func TestPoolFavorsNobody(t *testing.T) {
	pool := NewPool(100)
	for range 1000 {
		pool.Enter("greedy", 1, func() {})
	}
	for i := range 10 {
		for range 9 {
			pool.Enter(fmt.Sprint("modest", i), 1, func() { t.Error("a client lost what it holds to one that holds more") })
		}
	}
	if pool.held["greedy"] != 10 {
		t.Errorf("the greedy client holds %d, want the rest, 10", pool.held["greedy"])
	}
}
