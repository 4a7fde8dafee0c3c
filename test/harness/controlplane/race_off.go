// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package controlplane

var buildFlags []string
