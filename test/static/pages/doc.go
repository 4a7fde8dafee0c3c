// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pages compares README.md, CONTRIBUTING.md and docs/ with the code.
package pages
