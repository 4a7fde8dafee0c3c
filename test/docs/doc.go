// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs compares the pages of docs/ with the code.
package docs
