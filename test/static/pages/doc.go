// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pages compares docs/ and CONTRIBUTING.md with the code.
package pages
