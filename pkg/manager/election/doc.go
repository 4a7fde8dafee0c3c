// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package election decides which of several managers leads: the one that holds the Lease. It runs
// client-go's leader election, and adds what that lacks: a standby that takes over as soon as the
// Lease is released, a leader that stops as soon as another manager holds the Lease, and a release
// that the caller can put after the end of all work.
package election
