// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import "time"

// NodeState is what the object of a node says about the pods on it.
type NodeState int

const (
	// NodeUp: nothing is known against the node.
	NodeUp NodeState = iota
	// NodeDraining: the node is unschedulable, or has one of the drain taints.
	NodeDraining
	// NodeLost: the Ready condition of the node is not True, or it is tainted unreachable or
	// out-of-service, or its object is gone.
	NodeLost
)

// Node is a node on which a Performer has a pod.
type Node struct {
	State NodeState
	// Why says how the state shows on the node, in words that follow its name, such as "is cordoned";
	// empty for NodeUp.
	Why string
	// Gone is whether there is no such node. Its state is NodeLost.
	Gone bool
	// Since is when the state began, as far as the node shows that; else the zero time.
	Since time.Time
}
