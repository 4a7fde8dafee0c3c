// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chart tests the Helm chart without a cluster: it renders the same objects as deploy/,
// each value has an effect, and invalid values are rejected with a message. Helm 3 and Helm 4 render
// it as programs that hack/tools builds, since their libraries are not dependencies of the
// operator.
package chart
