// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring reads what deploy/monitoring has for Prometheus and Grafana, and draws the dashboard without
// Grafana. Its tests hold the rules against series, and their names against what the operator exports.
package monitoring
