// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 contains the Performer API of the group hourglass.eigenlayer.io.
//
// A Performer declares one AVS workload: a container that serves gRPC. The operator runs it as a
// Pod behind a Service and reports their state in the Performer's status.
//
// +k8s:deepcopy-gen=package
// +groupName=hourglass.eigenlayer.io
// +kubebuilder:object:generate=false
package v1alpha1
