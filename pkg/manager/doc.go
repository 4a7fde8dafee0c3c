// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manager is the process around the controller: options, clients, start-up checks, health,
// metrics, leader election, and an order of start and stop in which two managers never write at
// once and nothing that was begun is left half done.
package manager
