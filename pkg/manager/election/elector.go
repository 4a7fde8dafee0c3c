// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package election

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/errtext"
)

// Always is the elector of a manager that is the only one.
type Always struct{}

// Run implements elector.
func (Always) Run(ctx context.Context, lead func()) error {
	lead()
	<-ctx.Done()
	return nil
}

// Release implements elector.
func (Always) Release(context.Context) error { return nil }

// Config says which Lease is taken, and how fast.
type Config struct {
	Lease                                     types.NamespacedName
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
}

// LeaseElector lets that manager work that holds the Lease.
type LeaseElector struct {
	lease  types.NamespacedName
	lock   *watchedLock
	config Config
	// watch tells a standby of changes of the Lease.
	watch func(context.Context) (watch.Interface, error)
	// free is told when the watch shows the Lease without a holder.
	free chan struct{}

	elector atomic.Pointer[leaderelection.LeaderElector] // once it runs
}

// NewLeaseElector returns an elector for the Lease that the options name. The second client is for
// watching, and so without a timeout.
func NewLeaseElector(client, standby kubernetes.Interface, config Config) (*LeaseElector, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("finding our own host's name for the lease: %w", err)
	}
	lease := config.Lease
	return &LeaseElector{
		config: config,
		lease:  lease,
		free:   make(chan struct{}, 1),
		lock: &watchedLock{
			Interface: &resourcelock.LeaseLock{
				LeaseMeta: metav1.ObjectMeta{Namespace: lease.Namespace, Name: lease.Name},
				Client:    client.CoordinationV1(),
				// Two managers on one host must not take each other for themselves.
				LockConfig: resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())},
			},
			taken: make(chan string, 1),
		},
		watch: func(ctx context.Context) (watch.Interface, error) {
			return standby.CoordinationV1().Leases(lease.Namespace).Watch(ctx, metav1.ListOptions{
				// Also what lets a role for this one Lease permit it.
				FieldSelector:  fields.OneTermEqualSelector(metav1.ObjectNameField, lease.Name).String(),
				TimeoutSeconds: new(int64(leaseWatchLasts / time.Second)),
			})
		},
	}, nil
}

// Run implements elector.
func (e *LeaseElector) Run(ctx context.Context, lead func()) error {
	logger := klog.FromContext(ctx).WithValues("lease", e.lease.String(), "identity", e.lock.Identity())
	logger.Info("Waiting to lead")
	begin := sync.OnceFunc(func() {
		logger.Info("Leading")
		lead()
	})
	e.lock.logger = logger

	le, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Name:          e.lease.String(),
		Lock:          e.lock,
		LeaseDuration: e.config.LeaseDuration,
		RenewDeadline: e.config.RenewDeadline,
		RetryPeriod:   e.config.RetryPeriod,
		// client-go would release the lease also after it was lost, before it tells us, while our
		// workers still write. We release it ourselves, after they have stopped.
		ReleaseOnCancel: false,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { begin() },
			OnStoppedLeading: func() {},
			OnNewLeader: func(identity string) {
				// Nobody leads for a moment after a leader has released the lease.
				if identity != "" && identity != e.lock.Identity() {
					logger.Info("Standing by", "leader", identity)
				}
			},
		},
	})
	if err != nil {
		return fmt.Errorf("setting up leader election: %w", err)
	}

	e.elector.Store(le)

	// What client-go logs of each try, the lock tells once.
	quiet := klog.NewContext(ctx, logr.Discard())
	standbyCtx, stopWatch := context.WithCancel(quiet)
	defer stopWatch()
	go e.watchLease(standbyCtx)
	for {
		again, err := e.runOnce(quiet, le)
		if !again {
			return err
		}
	}
}

// runOnce runs the election until it has an end, or until the Lease is free. Then it says that it
// is to run again, for client-go tries at once when it begins, and else only every RetryPeriod.
func (e *LeaseElector) runOnce(ctx context.Context, le *leaderelection.LeaderElector) (again bool, err error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		le.Run(running)
	}()
	for {
		select {
		case holder := <-e.lock.taken:
			return false, fmt.Errorf("lost the lease %s: %s holds it now", e.lease.String(), holder)
		case <-e.free:
			if e.lock.holds() {
				// News from before it won. To begin anew would be to lead without a deadline for a renewal.
				continue
			}
			stop()
			<-ended
			return ctx.Err() == nil, nil
		case <-ended:
			if ctx.Err() != nil {
				return false, nil
			}
			return false, fmt.Errorf("lost the lease %s: not renewed within %s: %s", e.lease.String(), e.config.RenewDeadline, e.lock.lastError())
		}
	}
}

// leaseWatchLasts is how long one watch of the Lease is asked for.
const leaseWatchLasts = 10 * time.Minute

// watchLease tells e.free whenever the Lease has no holder, until ctx ends or we are its holder. That
// is no more than a hint: where it can't watch, the standby still looks every RetryPeriod.
func (e *LeaseElector) watchLease(ctx context.Context) {
	for ctx.Err() == nil && !e.lock.holds() {
		pause := e.config.RetryPeriod
		watcher, err := e.watch(ctx)
		switch {
		case apierrors.IsForbidden(err):
			// The start-up check has told of it; a role that is fixed later still helps.
			pause = time.Minute
		case err == nil:
			e.followLease(ctx, watcher)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// followLease follows one watch to its end.
func (e *LeaseElector) followLease(ctx context.Context, watcher watch.Interface) {
	defer watcher.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case event, ok := <-watcher.ResultChan():
			if !ok || event.Type == watch.Error || e.lock.holds() {
				return
			}
			lease, ok := event.Object.(*coordinationv1.Lease)
			if !ok || event.Type != watch.Deleted && ptr.Deref(lease.Spec.HolderIdentity, "") != "" {
				continue
			}
			select {
			case e.free <- struct{}{}:
			default: // told already
			}
		}
	}
}

// renewalGrace is how much longer than the lease lasts a leader may be without a renewal before it
// counts as stuck: by then it should have ended by itself.
const renewalGrace = 20 * time.Second

// Check is the health check of the election: an error if this manager believes to lead, and its
// lease has expired.
func (e *LeaseElector) Check() error {
	if le := e.elector.Load(); le != nil {
		return le.Check(renewalGrace)
	}
	return nil
}

// Release implements elector.
func (e *LeaseElector) Release(ctx context.Context) error {
	for e.lock.holds() {
		record, _, err := e.lock.Interface.Get(ctx)
		if apierrors.IsNotFound(err) || (err == nil && record.HolderIdentity != e.lock.Identity()) {
			return nil
		}
		if err == nil {
			now := metav1.Now()
			err = e.lock.Interface.Update(ctx, resourcelock.LeaderElectionRecord{
				LeaderTransitions:    record.LeaderTransitions,
				LeaseDurationSeconds: 1,
				RenewTime:            now,
				AcquireTime:          now,
			})
		}
		// A renewal whose answer we did not wait for may come in between.
		if !apierrors.IsConflict(err) {
			return err
		}
	}
	return nil
}

// watchedLock is a lock that tells once when it fails and when it works again, and at once when it
// sees that another holds what we held: client-go goes on trying until the renew deadline.
type watchedLock struct {
	resourcelock.Interface
	logger klog.Logger

	taken chan string // gets the identity of who took the lease from us

	mu      sync.Mutex
	held    bool // since a write of ours succeeded, until another holder is seen
	failure error
}

// Get implements resourcelock.Interface.
func (l *watchedLock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	// A Lease that isn't there is made next, which is no failure.
	if !apierrors.IsNotFound(err) {
		l.note(ctx, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && l.held && record.HolderIdentity != l.Identity() && record.HolderIdentity != "" {
		l.held = false
		l.taken <- record.HolderIdentity
	}
	return record, raw, err
}

// Create implements resourcelock.Interface.
func (l *watchedLock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.wrote(ctx, l.Interface.Create(ctx, record))
}

// Update implements resourcelock.Interface.
func (l *watchedLock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.wrote(ctx, l.Interface.Update(ctx, record))
}

// wrote notes the outcome of a write. A conflict means that someone else was faster, as in every
// election; the read that follows tells who.
func (l *watchedLock) wrote(ctx context.Context, err error) error {
	if apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) {
		return err
	}
	l.note(ctx, err)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.held = true
	}
	return err
}

// holds tells whether the lease is ours for all we know.
func (l *watchedLock) holds() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// note keeps the last failure and logs when failures begin and when they end.
func (l *watchedLock) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return // we are stopping, or out of time: what went wrong before is the better reason
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil && l.failure == nil:
		l.logger.Error(err, "Cannot read or write the lease, will keep retrying")
	case err == nil && l.failure != nil:
		l.logger.Info("The lease can be read and written again")
	}
	l.failure = err
}

// lastError says why the lease could not be renewed.
func (l *watchedLock) lastError() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == nil {
		return "no answer in time"
	}
	return errtext.OneLine(l.failure)
}
