// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package election

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Release clears the holder of the Lease, so that a standby can take over at once. It must be
// called after Run has returned and all work has ended.
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
		// A conflict comes from a renewal that was canceled, but still reached the API server.
		if !apierrors.IsConflict(err) {
			return err
		}
	}
	return nil
}
