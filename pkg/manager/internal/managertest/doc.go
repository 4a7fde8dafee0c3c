// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package managertest has what the tests of several packages of the manager share.
package managertest
