// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package election

import (
	"context"
	"fmt"
	"sync/atomic"

	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/klog/v2"
)

// attempt is one run of client-go's leader election. client-go tries to acquire the Lease when it
// starts and then only every RetryPeriod, so a standby that learns that the Lease is free abandons
// its attempt and starts another one.
//
// An attempt either leads or is abandoned, never both. An abandoned one may still win, because its
// last write was in flight. But it must not lead, because nothing renews its
// Lease any more. The attempt after it finds its own identity in the Lease and acquires it again
// at once.
type attempt struct {
	*LeaseElector
	logger klog.Logger
	lead   func()

	outcome atomic.Int32 // undecided until it changes once
}

// The outcomes of an attempt.
const (
	undecided int32 = iota
	leading
	abandoned
)

// run returns when ctx ends, when the Lease is lost, or when the attempt is abandoned. again
// is true only in the last case.
func (a *attempt) run(ctx context.Context) (again bool, err error) {
	// Each attempt has an elector of its own, which does not know what an abandoned one has won.
	elector, err := a.newElector()
	if err != nil {
		return false, fmt.Errorf("setting up leader election: %w", err)
	}
	a.current.Store(elector)
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		elector.Run(running)
	}()
	for {
		select {
		case holder := <-a.lock.taken:
			return false, fmt.Errorf("lost the lease %s: %s holds it now", a.Lease.String(), holder)
		case <-a.free:
			// If this manager holds the Lease, the notification is stale.
			if a.lock.holds() || !a.outcome.CompareAndSwap(undecided, abandoned) {
				continue
			}
			stop()
			<-ended
			return ctx.Err() == nil, nil
		case <-ended:
			if ctx.Err() != nil {
				return false, nil
			}
			return false, fmt.Errorf("lost the lease %s: not renewed within %s: %s", a.Lease.String(), a.RenewDeadline, a.lock.lastError())
		}
	}
}

// started is called once client-go has won. It runs in a goroutine of its own, perhaps after the
// attempt was abandoned.
func (a *attempt) started(context.Context) {
	if a.outcome.CompareAndSwap(undecided, leading) {
		a.logger.Info("Leading")
		a.lead()
	}
}

func (a *attempt) newElector() (*leaderelection.LeaderElector, error) {
	return leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Name:          a.Lease.String(),
		Lock:          a.lock,
		LeaseDuration: a.LeaseDuration,
		RenewDeadline: a.RenewDeadline,
		RetryPeriod:   a.RetryPeriod,
		// client-go would also release a lease that it has lost, and before it reports the loss,
		// while the workers still write. Release does it after they have stopped.
		ReleaseOnCancel: false,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: a.started,
			OnStoppedLeading: func() {},
			OnNewLeader: func(identity string) {
				// The identity is empty for a moment after a leader has released the Lease.
				if identity != "" && identity != a.lock.Identity() {
					a.logger.Info("Standing by", "leader", identity)
				}
			},
		},
	})
}
