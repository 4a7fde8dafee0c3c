// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build race

package controlplane

// buildFlags are those of the test itself: with its race detector the manager gets one too.
var buildFlags = []string{"-race"}
