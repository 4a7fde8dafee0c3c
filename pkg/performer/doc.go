// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package performer decides, in pure functions, what to do for a Performer and what its status reports.
//
// Assess evaluates the state of a Performer once. The methods Plan and Status of the Assessment
// decide and report. Package render returns the desired objects, and package validation the mistakes in
// a spec.
//
// Nothing here calls a server, reads a clock or logs, so the rules can be read and tested without any
// of these.
package performer
