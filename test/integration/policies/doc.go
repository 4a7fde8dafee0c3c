// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policies tests the admission policies of manifests/policies against a real API server.
package policies
