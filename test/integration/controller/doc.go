// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package integration tests the API and the controller against a real kube-apiserver and etcd.
// There is no kubelet here and no controller of Kubernetes: a test that needs a pod to become ready
// says so in the pod's status itself, as a kubelet would.
package integration
