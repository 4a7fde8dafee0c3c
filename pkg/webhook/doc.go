// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhook is the admission server: it tells users of mistakes in a Performer when they make
// them, and not later in a condition.
//
// What is a mistake is said by package performer, by which the controller goes too; so a Performer
// that gets past admission, because it is off or away, comes to the same end. Nothing here is needed
// for the operator to be right.
//
// handler.go speaks HTTP and AdmissionReview; admit.go decides; authority.go makes certificates, and
// keeper.go sees to it that the API server trusts them.
package webhook
