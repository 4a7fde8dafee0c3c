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

func (p *Preflight) lookForCRD(ctx context.Context) *obstacle {
	list, err := discovery.ToDiscoveryInterfaceWithContext(p.client.Discovery()).
		ServerResourcesForGroupVersionWithContext(ctx, v1alpha1.SchemeGroupVersion.String())
	switch {
	case apierrors.IsForbidden(err):
		// A cluster that restricts discovery; the informers will tell.
		return nil
	case apierrors.IsNotFound(err):
		return &obstacle{kind: "crd", message: fmt.Sprintf("the CRD performers.%s is not installed, or not in version %s: install it with kubectl apply -f deploy/",
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
			return &obstacle{kind: "other crd", message: fmt.Sprintf("the installed CRD performers.%s lacks %s: install this version's CRD with kubectl apply -f deploy/", v1alpha1.GroupName, name)}
		}
	}
	return nil
}
