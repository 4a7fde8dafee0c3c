// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package election

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

// TestLateHintOfFreeLease has the hint arrive after the manager has won, while the server is away.
// The deadline for its renewal must still apply.
func TestLateHintOfFreeLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newElection(t)
		e.answers(func(string) error { return errors.New("etcd is away") })
		e.free <- struct{}{}
		select {
		case err := <-e.ended:
			if err == nil || !strings.Contains(err.Error(), "not renewed within 10s") {
				t.Errorf("got %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("leads on without a renewal")
			e.stop()
			<-e.ended
		}
	})
}

// TestLeaseWonByAbandonedAttempt has the write that wins the Lease in flight when the watch reports
// that the Lease is free. The attempt that wrote renews nothing any more, so it must not lead.
func TestLeaseWonByAbandonedAttempt(t *testing.T) {
	for _, tt := range []struct {
		name   string
		outage time.Duration // of the API server, from the win on
	}{{"the server answers", 0}, {"the server is away", time.Minute}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				written := make(chan struct{})
				e := startElection(t, func(e *election) {
					e.watch = func(ctx context.Context) (watch.Interface, error) {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					e.answers(func(verb string) error {
						if verb == "create" {
							<-written
						}
						return nil
					})
				})
				e.free <- struct{}{}
				synctest.Wait() // the attempt is abandoned and waits for its write

				away := errors.New("etcd is away")
				if tt.outage > 0 {
					e.answers(func(string) error { return away })
				}
				close(written)
				time.Sleep(tt.outage)
				synctest.Wait()
				if tt.outage > 0 {
					if e.led.Load() {
						t.Error("leads without a deadline for the first renewal")
					}
					e.answers(func(string) error { return nil })
					time.Sleep(5 * time.Second) // the next attempt
				}
				if got := e.holder(t); got != e.lock.Identity() {
					t.Errorf("the lease is held by %q: the write did not win", got)
				}
				if !e.led.Load() {
					t.Error("does not lead although it holds the lease and the server answers")
				}

				e.answers(func(string) error { return away })
				select {
				case err := <-e.ended:
					if err == nil || !strings.Contains(err.Error(), "not renewed within 10s") {
						t.Errorf("got %v", err)
					}
				case <-time.After(15 * time.Second):
					t.Error("leads on without a renewal")
					e.stop()
					<-e.ended
				}
			})
		})
	}
}
