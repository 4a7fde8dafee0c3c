// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring tests the rules and the dashboard in deploy/monitoring: it runs the rules on series,
// compares the names in them with the metrics that the operator exports, and checks the layout of the
// dashboard.
package monitoring
