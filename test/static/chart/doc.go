// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chart tests the Helm chart without a cluster: that it describes what deploy/ does, that each value does
// something, and that what can't work is refused with a message. Everything is rendered by Helm 3 and by Helm 4, which
// hack/tools builds, for their libraries are no dependencies of the operator.
package chart
