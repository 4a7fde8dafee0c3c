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

// worker is the part of the controller that a process starts and stops.
type worker interface {
	Start(ctx context.Context)
	Run(ctx context.Context)
}

// workers are several that start and stop as one.
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

// elector decides when this manager may work.
type elector interface {
	// Run tries to become the leader, calls lead once it is, and stays it. It returns when ctx ends
	// or, with an error that says why, when it is the leader no more.
	Run(ctx context.Context, lead func()) error
	// Release lets another manager take over at once. It is for after Run has returned and all work
	// has ended.
	Release(ctx context.Context) error
}

// limits bound what a stop may take: together, and with a second for each server, less than the 30
// seconds that a pod has by default.
type limits struct {
	drain   time.Duration // for the workers to finish what they have in hand
	flush   time.Duration // for the last events
	release time.Duration // for the lease, which expires by itself all the same
}

var defaultLimits = limits{drain: 20 * time.Second, flush: 3 * time.Second, release: 3 * time.Second}

// process is the order in which the parts of a manager start and stop.
type process struct {
	preflight func(context.Context) error
	worker    worker
	elector   elector
	flush     func(context.Context) bool // writes the last events
	failed    <-chan error               // gets the end of a server
	limits    limits
}

// run starts the parts and keeps them going until ctx ends, which is no error, or one of them fails.
//
// Start: cluster, caches, election, workers. Stop: workers, events, lease; so that by the time
// another manager may lead, this one has done all that it ever will.
func (p *process) run(ctx context.Context) error {
	logger := klog.FromContext(ctx)
	if err := p.awaitCluster(ctx); err != nil || ctx.Err() != nil {
		return err
	}

	// Each part has its own end, in its own time; that of ctx is only the sign to begin with it.
	background := context.WithoutCancel(ctx)
	cacheCtx, stopCaches := context.WithCancel(background)
	defer stopCaches()
	workCtx, stopWork := context.WithCancel(background)
	defer stopWork()
	electionCtx, stopElection := context.WithCancel(background)
	defer stopElection()

	// A standby fills its caches too, to have them when it takes over.
	p.worker.Start(cacheCtx)

	leading := make(chan struct{})
	electionEnded := make(chan error, 1)
	go func() {
		electionEnded <- p.elector.Run(electionCtx, func() { close(leading) })
	}()

	var reason error
	var workEnded chan struct{} // nil while there is no work
	for stopping := false; !stopping; {
		select {
		case <-ctx.Done():
			logger.Info("Stopping", "why", context.Cause(ctx).Error())
			stopping = true
		case reason = <-p.failed:
			logger.Info("Stopping", "why", errtext.OneLine(reason))
			stopping = true
		case <-leading:
			leading = nil
			workEnded = make(chan struct{})
			go func() {
				defer close(workEnded)
				p.worker.Run(workCtx)
			}()
		case <-workEnded:
			reason = errors.New("the controller ended by itself")
			stopping = true
		case err := <-electionEnded:
			// Another manager may lead at any moment. There is no time for good manners.
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
		logger.Info("Some events could not be written in time")
	}

	stopElection()
	if err := <-electionEnded; err != nil {
		return err // lost at the last moment, so there is nothing to release
	}
	releaseCtx, cancel := context.WithTimeout(background, p.limits.release)
	defer cancel()
	if err := p.elector.Release(releaseCtx); err != nil {
		logger.Error(err, "Could not release the lease, it will expire by itself")
	}
	logger.Info("Stopped")
	return reason
}

// awaitCluster returns when the cluster is as it must be, or when there is a reason to end.
func (p *process) awaitCluster(ctx context.Context) error {
	waitCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := make(chan error, 1)
	go func() { ready <- p.preflight(waitCtx) }()
	select {
	case err := <-ready:
		if ctx.Err() != nil {
			klog.FromContext(ctx).Info("Stopped before it began", "why", context.Cause(ctx).Error())
			return nil
		}
		return err
	case err := <-p.failed:
		return err
	}
}

// drain waits until the workers have finished. If they don't in time, or if the lease is lost
// meanwhile, it returns why; the lease must then be left to expire.
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
		return fmt.Errorf("the workers have not finished within %s: ending without them, the lease is left to expire", p.limits.drain)
	}
}
