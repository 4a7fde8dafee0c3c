// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package election

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

// Always is the elector of a manager without leader election, which always leads.
type Always struct{}

// Run calls lead and returns when ctx ends.
func (Always) Run(ctx context.Context, lead func()) error {
	lead()
	<-ctx.Done()
	return nil
}

// Release does nothing.
func (Always) Release(context.Context) error { return nil }

// Config says which Lease is acquired, and how often it is renewed.
type Config struct {
	Lease         types.NamespacedName
	LeaseDuration time.Duration
	RenewDeadline time.Duration
	RetryPeriod   time.Duration
}

// LeaseElector lets the manager that holds the Lease lead.
type LeaseElector struct {
	Config
	lock *trackedLock
	// watch watches the Lease on behalf of a standby.
	watch func(context.Context) (watch.Interface, error)
	// free receives a value when the watch shows the Lease without a holder.
	free chan struct{}

	current atomic.Pointer[leaderelection.LeaderElector] // that of the present attempt
}

// New returns an elector. watchClient is used for the watch, and so must not have a timeout.
func New(client, watchClient kubernetes.Interface, c Config) (*LeaseElector, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("reading the host name for the identity in the Lease: %w", err)
	}
	return &LeaseElector{
		Config: c,
		free:   make(chan struct{}, 1),
		lock: &trackedLock{
			Interface: &resourcelock.LeaseLock{
				LeaseMeta: metav1.ObjectMeta{Namespace: c.Lease.Namespace, Name: c.Lease.Name},
				Client:    client.CoordinationV1(),
				// Two managers on one host need different identities.
				LockConfig: resourcelock.ResourceLockConfig{Identity: host + "_" + string(uuid.NewUUID())},
			},
			taken: make(chan string, 1),
		},
		watch: func(ctx context.Context) (watch.Interface, error) { return watchLease(ctx, watchClient, c.Lease) },
	}, nil
}

// Run tries to acquire the Lease, calls lead once it leads, and renews the Lease. It returns nil
// when ctx ends, and an error with the reason when the Lease is lost.
func (e *LeaseElector) Run(ctx context.Context, lead func()) error {
	logger := klog.FromContext(ctx).WithValues("lease", e.Lease.String(), "identity", e.lock.Identity())
	logger.Info("Waiting to lead")
	e.lock.logger = logger

	// client-go logs every attempt. The lock logs when attempts start to fail and when that ends.
	quiet := klog.NewContext(ctx, logr.Discard())
	standbyCtx, stopWatch := context.WithCancel(quiet)
	defer stopWatch()
	go e.watchForRelease(standbyCtx)
	for {
		a := &attempt{LeaseElector: e, logger: logger, lead: lead}
		if again, err := a.run(quiet); !again {
			return err
		}
	}
}

// renewalGrace is how long after the end of its lease a leader counts as healthy. A leader that
// still has not stopped then is stuck.
const renewalGrace = 20 * time.Second

// Check is the health check of the election. It returns an error if this manager still leads
// although its lease has expired.
func (e *LeaseElector) Check() error {
	if current := e.current.Load(); current != nil {
		return current.Check(renewalGrace)
	}
	return nil
}
