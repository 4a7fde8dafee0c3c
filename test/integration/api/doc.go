// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package api tests what the API server does with Performers and the other objects of this project:
// the CRD's schema, rules and defaults, the roles for people, and the objects that the pages show.
package api
