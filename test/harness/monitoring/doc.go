// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring reads rule files of Prometheus and dashboards of Grafana, and finds the names in
// their PromQL expressions.
package monitoring
