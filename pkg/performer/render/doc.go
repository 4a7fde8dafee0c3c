// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package render derives the desired objects from a Performer: names, labels, the revision, the hardware,
// the Pod and the Service. Its functions are pure: no clients, no clock.
package render
