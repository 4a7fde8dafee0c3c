// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring reads the rules and the dashboard in deploy/monitoring. Its tests run the rules on series, compare
// the names in them with what the operator exports, and check the dashboard's layout.
package monitoring
