// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops tests the health that deployment tools compute for a Performer: Argo CD with the health
// check in deploy/argocd, run in the Lua interpreter that Argo CD uses; Flux and Helm 4 with the kstatus
// library. It is a module of its own, since nothing else needs these dependencies.
package gitops
