// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package realcluster is what the end-to-end tests stand on: a real cluster with the operator installed from deploy/,
// a namespace for each test, and ways to ask, to wait for and to call what is in it.
//
// It drives the cluster as a user would, with kubectl and the typed clients, and imports nothing of the operator but
// its API: a test that shares code with what it tests would share its mistakes.
package realcluster
