// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manager runs the controller as a process: it wires options, clients, preflight, leader
// election, servers and the controller, and starts and stops them in an order in which two managers
// never write at the same time and no reconciliation is left half done.
//
// What it wires are packages of their own, of which none imports another: options has the flags,
// preflight checks the cluster, election decides which manager leads, and serving has the servers
// for metrics and health.
package manager
