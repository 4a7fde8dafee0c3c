// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/errtext"
)

// worker is what a process starts and stops: the controller, for one.
type worker interface {
	// Start fills the caches, in the background, until ctx ends.
	Start(ctx context.Context)
	// Run works until ctx ends and what is in progress is finished.
	Run(ctx context.Context)
}

// workers are several workers that start and stop together.
type workers []worker

// Start implements worker.
func (w workers) Start(ctx context.Context) {
	for _, one := range w {
		one.Start(ctx)
	}
}

// Run implements worker.
func (w workers) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, one := range w {
		all.Go(func() { one.Run(ctx) })
	}
	all.Wait()
}

// elector decides when this manager leads.
type elector interface {
	// Run tries to become the leader and calls lead once it is. It returns nil when ctx ends, and
	// an error with the reason when this manager is no longer the leader.
	Run(ctx context.Context, lead func()) error
	// Release lets another manager take over at once. It is called after Run has returned and all
	// work has ended.
	Release(ctx context.Context) error
}

// limits are the longest times of the steps of a stop. Together with a second for each server they
// are less than 30 seconds, the default grace period of a pod.
type limits struct {
	drain   time.Duration // until the workers have finished what is in progress
	flush   time.Duration // until the last events are written
	release time.Duration // until the lease is released; otherwise it expires
}

var defaultLimits = limits{drain: 20 * time.Second, flush: 3 * time.Second, release: 3 * time.Second}

// process starts and stops the parts of a manager in order.
type process struct {
	preflight func(context.Context) error
	worker    worker
	elector   elector
	flush     func(context.Context) bool // writes the last events
	failed    <-chan error               // receives the failure of a server
	limits    limits
}

// run starts the parts and runs them until ctx ends or one of them fails. It returns nil if ctx
// ended.
//
// The order of the start is: preflight, caches, election, workers. The order of the stop is:
// workers, events, lease. So this manager writes nothing any more once another one may lead.
func (p *process) run(ctx context.Context) error {
	logger := klog.FromContext(ctx)
	if err := p.awaitCluster(ctx); err != nil || ctx.Err() != nil {
		return err
	}

	// Each part has a context of its own, because the parts end one after the other. The end of ctx
	// only starts the stop.
	background := context.WithoutCancel(ctx)
	cacheCtx, stopCaches := context.WithCancel(background)
	defer stopCaches()
	workCtx, stopWork := context.WithCancel(background)
	defer stopWork()
	electionCtx, stopElection := context.WithCancel(background)
	defer stopElection()

	// A standby fills its caches too, so that it can work as soon as it takes over.
	p.worker.Start(cacheCtx)

	leading := make(chan struct{})
	electionEnded := make(chan error, 1)
	go func() {
		electionEnded <- p.elector.Run(electionCtx, func() { close(leading) })
	}()

	var failure error
	var workEnded chan struct{} // nil while the workers do not run
	for stopping := false; !stopping; {
		select {
		case <-ctx.Done():
			logger.Info("Stopping", "why", context.Cause(ctx).Error())
			stopping = true
		case failure = <-p.failed:
			logger.Info("Stopping", "why", errtext.OneLine(failure))
			stopping = true
		case <-leading:
			leading = nil
			workEnded = make(chan struct{})
			go func() {
				defer close(workEnded)
				p.worker.Run(workCtx)
			}()
		case <-workEnded:
			failure = errors.New("the controller has ended unexpectedly")
			stopping = true
		case err := <-electionEnded:
			// Another manager may lead at any moment, so there is no time for an orderly stop.
			return err
		}
	}

	stopWork()
	if err := p.drain(workEnded, electionEnded); err != nil {
		return err
	}
	flushCtx, cancel := context.WithTimeout(background, p.limits.flush)
	defer cancel()
	if !p.flush(flushCtx) {
		logger.Info("Some events were not written in time")
	}

	stopElection()
	if err := <-electionEnded; err != nil {
		return err // the lease was lost during the stop, so there is none to release
	}
	releaseCtx, cancel := context.WithTimeout(background, p.limits.release)
	defer cancel()
	if err := p.elector.Release(releaseCtx); err != nil {
		logger.Error(err, "Cannot release the lease, it will expire")
	}
	logger.Info("Stopped")
	return failure
}

// awaitCluster returns when the preflight has passed, or when there is a reason to stop.
func (p *process) awaitCluster(ctx context.Context) error {
	waitCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := make(chan error, 1)
	go func() { ready <- p.preflight(waitCtx) }()
	select {
	case err := <-ready:
		if ctx.Err() != nil {
			klog.FromContext(ctx).Info("Stopped before the start was complete", "why", context.Cause(ctx).Error())
			return nil
		}
		return err
	case err := <-p.failed:
		return err
	}
}

// drain waits until the workers have finished. It returns an error if they don't finish in time, or
// if the lease is lost meanwhile. The lease must not be released then.
func (p *process) drain(workEnded <-chan struct{}, electionEnded <-chan error) error {
	if workEnded == nil {
		return nil
	}
	timeout := time.NewTimer(p.limits.drain)
	defer timeout.Stop()
	select {
	case <-workEnded:
		return nil
	case err := <-electionEnded:
		return err
	case <-timeout.C:
		return fmt.Errorf("the workers have not finished within %s: exiting without releasing the lease", p.limits.drain)
	}
}
