// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package evictions tests the manager as a responder of Evictions against a real API server that serves them.
// The tests play the evictionrequest-controller of Kubernetes, which does not run here.
package evictions
