// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image holds what the Makefile and the Dockerfile say of the operator's image against each other and against
// go.mod. The image itself is built and run by test/e2e/image.
package image
