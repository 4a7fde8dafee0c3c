// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package prometheus gets Prometheus for tests, and asks it.
package prometheus
