// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package performer is the domain, pure: what a Performer is called, which Pod and Service it
// needs, what must be done to get there from what was observed, and what its status then says.
//
// Nothing here calls a server, reads a clock or logs. Plan and NextStatus are functions of an
// Observed alone, so the rules can be read and tested without any of these.
package performer
