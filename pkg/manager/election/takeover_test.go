// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package election

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/managertest"
)

// TestStandbyTakesOverAfterRelease counts the reads of a standby, and measures how long it takes to
// lead after a release, with and without the permission to watch.
func TestStandbyTakesOverAfterRelease(t *testing.T) {
	for _, tt := range []struct {
		name     string
		mayWatch bool
		within   time.Duration
	}{
		{"watching", true, 0},
		// client-go reads every two seconds, plus a random part of 1.2 times that.
		{"polling", false, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				leader := newElection(t)
				var reads atomic.Int32
				leader.client.PrependWatchReactor("leases", func(clienttesting.Action) (bool, watch.Interface, error) {
					return !tt.mayWatch, nil, apierrors.NewForbidden(coordinationv1.Resource("leases"), "x", errors.New("no"))
				})
				standby, err := New(leader.client, leader.client, testConfig)
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(new(managertest.Logs).Context(t.Context()))
				leads, ended := make(chan struct{}), make(chan error, 1)
				go func() { ended <- standby.Run(ctx, func() { close(leads) }) }()
				time.Sleep(time.Minute)
				for _, action := range leader.client.Actions() {
					if action.Matches("get", "leases") {
						reads.Add(1)
					}
				}
				// client-go itself reads once every two seconds or a little more.
				if n := reads.Load(); n > 32 {
					t.Errorf("%d reads of the lease in a minute", n)
				}

				leader.stop()
				<-leader.ended
				begin := time.Now()
				if err := leader.Release(t.Context()); err != nil {
					t.Fatal(err)
				}
				<-leads
				if took := time.Since(begin); took > tt.within {
					t.Errorf("leads after %s", took)
				}
				// It keeps the Lease.
				time.Sleep(time.Minute)
				if got := leader.holder(t); got != standby.lock.Identity() {
					t.Errorf("the lease is held by %q", got)
				}
				if err := standby.Check(); err != nil {
					t.Errorf("not healthy: %v", err)
				}
				stop()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
