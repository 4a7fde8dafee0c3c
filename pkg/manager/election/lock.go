// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package election

import (
	"context"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/manager/internal/errtext"
)

// trackedLock is the Lease, and records what requests for it show: whether this manager holds it,
// and whether the requests fail. It reports at once when another manager holds what this one held,
// where client-go would try to renew until the deadline.
type trackedLock struct {
	resourcelock.Interface
	logger klog.Logger

	taken chan string // receives the identity of the manager that took the Lease from this one

	mu      sync.Mutex
	held    bool // set by a successful write, until a read shows another holder
	failure error
}

// Get implements resourcelock.Interface.
func (l *trackedLock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	// A missing Lease is no failure: it is created next.
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
func (l *trackedLock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.wrote(ctx, l.Interface.Create(ctx, record))
}

// Update implements resourcelock.Interface.
func (l *trackedLock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.wrote(ctx, l.Interface.Update(ctx, record))
}

// wrote records the result of a write. A conflict means that another manager was faster, as in
// every election; the read that follows shows which one.
func (l *trackedLock) wrote(ctx context.Context, err error) error {
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

// holds reports whether this manager holds the Lease, as far as it knows.
func (l *trackedLock) holds() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

// note records the last failure, and logs the first failure and the first success after it.
func (l *trackedLock) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return // the request was canceled: an earlier failure is the better reason
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

// lastError returns why the Lease was not renewed.
func (l *trackedLock) lastError() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == nil {
		return "no answer in time"
	}
	return errtext.OneLine(l.failure)
}
