// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// namespaceFile is where a pod's service account provides the pod's namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// Lease returns the namespace and name of the Lease for leader election.
func (l *LeaderElection) Lease() types.NamespacedName {
	return types.NamespacedName{Namespace: l.leaseNamespace(namespaceFile), Name: l.ResourceName}
}

// OwnNamespace returns the namespace that the manager runs in: that of its service account, else
// PodNamespace, else the namespace of the default installation.
func (l *LeaderElection) OwnNamespace() string { return l.ownNamespace(namespaceFile) }

func (l *LeaderElection) leaseNamespace(file string) string {
	if l.ResourceNamespace != "" {
		return l.ResourceNamespace
	}
	return l.ownNamespace(file)
}

func (l *LeaderElection) ownNamespace(file string) string {
	if own, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(own)) != "" {
		return strings.TrimSpace(string(own))
	}
	if l.PodNamespace != "" {
		return l.PodNamespace
	}
	return defaultNamespace
}
