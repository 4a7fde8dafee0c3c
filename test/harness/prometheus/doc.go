// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package prometheus gets the programs of Prometheus for tests, and queries its API.
package prometheus
