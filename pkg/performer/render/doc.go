// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package render derives from a Performer what it should have: names, labels, the revision, the
// hardware, the Pod and the Service. All of it is pure: no clients, no clock.
package render
