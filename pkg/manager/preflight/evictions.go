// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"fmt"
	"slices"

	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/klog/v2"
)

// checkEvictions finds out whether the API server serves Evictions, if the manager is to respond to them. It
// logs once that it does not: an alpha API is off by default.
func (p *Preflight) checkEvictions(ctx context.Context) *unmet {
	if !p.EvictionResponder {
		return nil
	}
	list, err := discovery.ToDiscoveryInterfaceWithContext(p.Client.Discovery()).
		ServerResourcesForGroupVersionWithContext(ctx, lifecyclev1alpha1.SchemeGroupVersion.String())
	switch {
	case apierrors.IsForbidden(err):
		// The cluster restricts discovery. If the API is missing, the informer reports it.
		return nil
	case err != nil && !apierrors.IsNotFound(err):
		return p.connectionProblem(err)
	case err == nil && slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == "evictions" }):
		return nil
	}
	klog.FromContext(ctx).Info(fmt.Sprintf("Working without --eviction-responder: the API server does not serve evictions in %s: "+
		"to change that, set --feature-gates=EvictionRequestAPI=true and --runtime-config=%[1]s=true on it, and restart the manager", lifecyclev1alpha1.SchemeGroupVersion))
	p.EvictionResponder = false
	return nil
}
