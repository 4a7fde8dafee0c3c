// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package preflight

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// checkCRD finds out whether the CRD is installed, in this version and with its status.
func (p *Preflight) checkCRD(ctx context.Context) *unmet {
	list, err := discovery.ToDiscoveryInterfaceWithContext(p.Client.Discovery()).
		ServerResourcesForGroupVersionWithContext(ctx, v1alpha1.SchemeGroupVersion.String())
	switch {
	case apierrors.IsForbidden(err):
		// The cluster restricts discovery. If the CRD is missing, the informers report it.
		return nil
	case apierrors.IsNotFound(err):
		return &unmet{kind: "crd", message: fmt.Sprintf("the CRD performers.%s is not installed, or not in version %s: install it with kubectl apply -f deploy/",
			v1alpha1.GroupName, v1alpha1.SchemeGroupVersion.Version)}
	case err != nil:
		return p.connectionProblem(err)
	}
	for _, name := range []string{"performers", "performers/status"} {
		found := false
		for _, resource := range list.APIResources {
			found = found || resource.Name == name
		}
		if !found {
			return &unmet{kind: "other crd", message: fmt.Sprintf("the installed CRD performers.%s lacks %s: install this version's CRD with kubectl apply -f deploy/", v1alpha1.GroupName, name)}
		}
	}
	return nil
}
