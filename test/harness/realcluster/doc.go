// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package realcluster is the harness of the end-to-end tests: a real cluster with the operator
// installed from deploy/, a namespace for each test, and functions to read, wait for and call the
// objects in it.
//
// It uses the cluster as a user would, with kubectl and the typed clients, and imports only the API
// types of the operator: tests that share code with the operator would share its mistakes.
package realcluster
