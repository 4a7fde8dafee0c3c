// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
)

// LookForLeader returns nil once the Lease is seen to be renewed, which nobody but a manager that leads does. It looks at
// intervals of period, and gives up after patience.
func (p *Preflight) LookForLeader(ctx context.Context, patience, period time.Duration) error {
	var before *metav1.MicroTime
	for ; ; patience -= period {
		seen := "is held by nobody"
		holder, renewed, err := leaseHolder(ctx, p.client, p.lease.Namespace, p.lease.Name)
		switch {
		case err != nil:
			return p.connectionProblem(err)
		case holder == "":
			before = nil
		case before != nil && !renewed.Equal(before):
			klog.FromContext(ctx).Info("A manager leads", "lease", p.lease.String(), "leader", holder)
			return nil
		default:
			before, seen = renewed, fmt.Sprintf("is not renewed by its holder %s", holder)
		}
		if patience <= 0 {
			return fmt.Errorf("no manager leads, the Lease %s %s: look at the operator's pods and their logs", p.lease.String(), seen)
		}
		if err := p.sleep(ctx, period); err != nil {
			return context.Cause(ctx)
		}
	}
}

// leaseHolder returns who holds a Lease and when it was last renewed; nobody where there is none.
func leaseHolder(ctx context.Context, client kubernetes.Interface, namespace, name string) (string, *metav1.MicroTime, error) {
	lease, err := client.CoordinationV1().Leases(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("looking at the lease: %w", err)
	}
	return ptr.Deref(lease.Spec.HolderIdentity, ""), lease.Spec.RenewTime, nil
}
