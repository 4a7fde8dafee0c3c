// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package disruptions recognizes, from one observation of a Performer to the next, that its serving pod was
// taken away by somebody other than the operator, by whom, and what that cost its callers. It decides
// nothing: the result is counted in metrics.
package disruptions
