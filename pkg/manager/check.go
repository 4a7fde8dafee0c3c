// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package manager

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
)

// Check is what --check does in place of Run: it asks the cluster whether a manager with these options has all that it
// needs there, and with leader election whether one leads. It changes nothing, and never becomes a leader. It returns nil
// if so, and otherwise an error that says in one line what is wrong and what to do.
func Check(ctx context.Context, o *Options) error {
	config, source, err := loadConfig(o)
	if err != nil {
		return err
	}
	clients, err := newClients(config, o)
	if err != nil {
		return err
	}
	p := newPreflight(o, clients, source)
	if err := p.strictly(ctx); err != nil {
		return err
	}
	if o.LeaderElection.Enabled {
		// A leader that has just ended has a successor by then.
		if err := p.lookForLeader(ctx, 2*o.LeaderElection.LeaseDuration, o.LeaderElection.RetryPeriod); err != nil {
			return err
		}
	}
	klog.FromContext(ctx).Info("The cluster has all that a manager with these options needs")
	return nil
}

// strictly looks once, and takes for an error also what a manager would do without.
func (p *preflight) strictly(ctx context.Context) error {
	for _, step := range []func(context.Context) *obstacle{p.lookForServer, p.lookForCRD} {
		if found := step(ctx); found != nil {
			return found
		}
	}
	missing, known, err := missingPermissions(ctx, p.client, wishes(p.namespaces, p.lease, p.others))
	switch {
	case err != nil:
		return p.connectionProblem(err)
	case !known:
		return errors.New("can't check permissions: grant create on selfsubjectaccessreviews (authorization.k8s.io)")
	case len(missing) == 0:
		return nil
	}
	var all []string
	for _, m := range missing {
		all = append(all, m.String())
	}
	return fmt.Errorf("%s may not %s: grant it, see deploy/", whoAmI(ctx, p.client), strings.Join(all, "; "))
}

// lookForLeader returns nil once the Lease is seen to be renewed, which nobody but a manager that leads does. It looks at
// intervals of period, and gives up after patience.
func (p *preflight) lookForLeader(ctx context.Context, patience, period time.Duration) error {
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
