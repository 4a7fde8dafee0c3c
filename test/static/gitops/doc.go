// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops tests what tools that deploy from git make of a Performer: Argo CD by the health check
// in deploy/argocd, run in the Lua interpreter that Argo CD has; Flux and Helm 4 by the kstatus library
// that both have. It is a module of its own, since nothing else needs these.
package gitops
