// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package options has the flags and environment variables of the manager: their values, defaults
// and validation.
package options
