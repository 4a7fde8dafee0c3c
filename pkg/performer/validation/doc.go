// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package validation finds the mistakes in a Performer (Validate) and the values that are most likely
// not intended (Warnings), and sets the metadata that a new Performer lacks (DefaultMeta). Admission and
// the controller use the same rules, so that they report the same mistake in the same words.
package validation
