// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package faults runs the manager's program against a real API server and etcd, and breaks them: it
// stops, kills and rewinds what the manager stands on, and the manager itself. After each fault all
// must be as it would be without, and no pod may have been replaced that had no reason to be.
package faults
