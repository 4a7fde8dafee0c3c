// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fairness

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := NewTurns(3, 2)
		take := func(client string) (func(), error) {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("too late"))
			defer cancel()
			return turns.Take(ctx, client)
		}
		must := func(client string) func() {
			t.Helper()
			done, err := take(client)
			if err != nil {
				t.Fatalf("%s has no turn: %v", client, err)
			}
			return done
		}
		first, second := must("a"), must("a")
		if _, err := take("a"); err == nil || err.Error() != "too late" {
			t.Errorf("a took three turns: %v", err)
		}
		third := must("b")
		if _, err := take("c"); err == nil {
			t.Error("four turns were taken")
		}
		time.AfterFunc(time.Millisecond, second)
		must("c")()
		first()
		third()
		synctest.Wait() // until second has returned
		if turns.Taken() != 0 || len(turns.clients) != 0 {
			t.Errorf("left: %d turns and %d clients", turns.Taken(), len(turns.clients))
		}
	})
}

// TestTurnsQueueIsShort has many requests of one client wait. Another client must be behind at most
// perClient of them.
func TestTurnsQueueIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const perClient, length = 2, time.Second
		turns := NewTurns(perClient, perClient)
		ctx, stop := context.WithCancel(t.Context())
		var greedy sync.WaitGroup
		for range 100 {
			greedy.Go(func() {
				if done, err := turns.Take(ctx, "greedy"); err == nil {
					time.Sleep(length)
					done()
				}
			})
		}
		synctest.Wait()
		begin := time.Now()
		done, err := turns.Take(t.Context(), "modest")
		if err != nil {
			t.Fatal(err)
		}
		done()
		if waited := time.Since(begin); waited > length {
			t.Errorf("waited %s behind requests of another client, want at most %s", waited, length)
		}
		stop()
		greedy.Wait()
	})
}
