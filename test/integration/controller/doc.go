// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controller tests the controller against a real API server and etcd. It runs in the test's
// process. There is no kubelet here and no controller of Kubernetes: a test that needs a pod to
// become ready writes the pod's status itself, as a kubelet would.
package controller
