// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane gives tests a real kube-apiserver and etcd, whose parts they can stop, and
// the manager's program to run against them.
package controlplane
