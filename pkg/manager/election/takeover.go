// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package election

import (
	"context"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

const (
	// watchTimeout is how long one watch of the Lease lasts.
	watchTimeout = 10 * time.Minute
	// forbiddenRetryPeriod is the time between two attempts to watch without the permission.
	forbiddenRetryPeriod = time.Minute
)

// watchLease starts a watch of the Lease.
func watchLease(ctx context.Context, client kubernetes.Interface, lease types.NamespacedName) (watch.Interface, error) {
	return client.CoordinationV1().Leases(lease.Namespace).Watch(ctx, metav1.ListOptions{
		// A role for only this Lease permits the watch because of the selector.
		FieldSelector:  fields.OneTermEqualSelector(metav1.ObjectNameField, lease.Name).String(),
		TimeoutSeconds: new(int64(watchTimeout / time.Second)),
	})
}

// watchForRelease sends to e.free whenever the Lease has no holder, until ctx ends or this manager
// holds it. That is only a hint: a standby that can't watch still tries every RetryPeriod.
func (e *LeaseElector) watchForRelease(ctx context.Context) {
	for ctx.Err() == nil && !e.lock.holds() {
		pause := e.RetryPeriod
		watcher, err := e.watch(ctx)
		switch {
		case apierrors.IsForbidden(err):
			// The preflight has logged the missing permission. It may be granted later.
			pause = forbiddenRetryPeriod
		case err == nil:
			e.followWatch(ctx, watcher)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// followWatch follows one watch to its end.
func (e *LeaseElector) followWatch(ctx context.Context, watcher watch.Interface) {
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
			default: // an earlier hint was not read yet
			}
		}
	}
}
