// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
)

// AwaitLeader returns nil once it has seen a renewal of the Lease, which only a leading manager
// makes. It reads the Lease every period, and returns an error after timeout.
func (p *Preflight) AwaitLeader(ctx context.Context, timeout, period time.Duration) error {
	var lastRenewal *metav1.MicroTime
	for left := timeout; ; left -= period {
		state := "is held by nobody"
		holder, renewed, err := p.leaseHolder(ctx)
		switch {
		case err != nil:
			return p.connectionProblem(err)
		case holder == "":
			lastRenewal = nil
		case lastRenewal != nil && !renewed.Equal(lastRenewal):
			klog.FromContext(ctx).Info("A manager leads", "lease", p.Lease.String(), "leader", holder)
			return nil
		default:
			lastRenewal, state = renewed, fmt.Sprintf("is not renewed by its holder %s", holder)
		}
		if left <= 0 {
			return fmt.Errorf("no manager leads, the Lease %s %s: look at the operator's pods and their logs", p.Lease.String(), state)
		}
		if err := p.sleep(ctx, period); err != nil {
			return context.Cause(ctx)
		}
	}
}

// leaseHolder returns the holder of the Lease and the time of its last renewal. The holder is empty
// if there is no such Lease.
func (p *Preflight) leaseHolder(ctx context.Context) (string, *metav1.MicroTime, error) {
	lease, err := p.Client.CoordinationV1().Leases(p.Lease.Namespace).Get(ctx, p.Lease.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("reading the Lease: %w", err)
	}
	return ptr.Deref(lease.Spec.HolderIdentity, ""), lease.Spec.RenewTime, nil
}
