// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package image tests the image targets of the Makefile, with a program in place of docker, and
// compares the Dockerfile with go.mod. test/e2e/image builds and runs the image itself.
package image
