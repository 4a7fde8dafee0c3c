// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package release holds the files around the code against the repository: what workflows run, what
// pages and configuration name, under which licenses others' code is here, what a release is made of.
package release
