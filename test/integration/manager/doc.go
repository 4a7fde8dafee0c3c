// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manager tests the manager's program against a real API server: its flags, permissions,
// leader election, logs and metrics.
package manager
