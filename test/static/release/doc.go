// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package release tests what a release relies on: the scripts that make and check it, the versions
// that pages claim, the licenses of vendored code, the changelog, and what workflows may do.
package release
