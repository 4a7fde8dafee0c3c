// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pages holds what docs/ says against what the code does.
package pages
