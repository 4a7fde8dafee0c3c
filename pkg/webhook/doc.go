// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhook is the admission server: it refuses a faulty Performer when it is created or
// changed, rather than reporting it later in a condition.
//
// Package performer defines what counts as a mistake, for the controller too; so a Performer that gets
// past admission, because that is off or away, ends up the same. Nothing here is needed for the operator
// to be right.
//
// handler.go speaks HTTP and AdmissionReview; validate.go decides; ca.go makes certificates, and
// certificates.go sees to it that the API server trusts them.
package webhook
