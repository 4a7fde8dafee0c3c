// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package options

import (
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// namespaceFile is where a pod finds its own namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// lease is the Lease that managers with these options take.
func (l *LeaderElection) Lease() types.NamespacedName {
	return types.NamespacedName{Namespace: l.namespaceOfLease(namespaceFile), Name: l.ResourceName}
}

// namespaceOfLease is where the Lease is: as asked for, else where the pod runs, which file tells.
func (l *LeaderElection) namespaceOfLease(file string) string {
	if l.ResourceNamespace != "" {
		return l.ResourceNamespace
	}
	return l.ownNamespace(file)
}

// OwnNamespace is where the pod runs.
func (l *LeaderElection) OwnNamespace() string { return l.ownNamespace(namespaceFile) }

// ownNamespace is where the pod runs, which file tells, or what comes nearest to that.
func (l *LeaderElection) ownNamespace(file string) string {
	if own, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(own)) != "" {
		return strings.TrimSpace(string(own))
	}
	if l.PodNamespace != "" {
		return l.PodNamespace
	}
	return defaultNamespace
}
