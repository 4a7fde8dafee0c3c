// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the Performer API of the group hourglass.eigenlayer.io.
//
// A Performer declares one AVS workload: a container that answers gRPC. The operator gives it a
// Pod and a Service and tells in its status how they are.
//
// +k8s:deepcopy-gen=package
// +groupName=hourglass.eigenlayer.io
// +kubebuilder:object:generate=false
package v1alpha1
