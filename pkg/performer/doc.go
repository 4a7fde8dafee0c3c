// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package performer holds the rules of the domain as pure functions: which Pod and Service a Performer
// needs, what to do to get there from what was observed, and what the status then says.
//
// Package render says what a Performer should have, package validation what is wrong in its spec.
//
// Assess works out the situation of a Performer once. Its methods Plan and Status decide and report.
// Nothing here calls a server, reads a clock or logs, so the rules can be read and tested without any
// of these.
package performer
