// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// nodeGracePeriod is the time without a heartbeat after which a node of a cluster with several nodes
// is NotReady. A kubelet sends one every 10 seconds.
const nodeGracePeriod = 20 * time.Second

// StartNodes returns a function that is Start for a cluster with several real nodes. The name
// server, the operator and the pod that calls performers run on the first node, so that they
// outlive the others.
func StartNodes(count int) func(context.Context) (*Cluster, error) {
	return func(ctx context.Context) (*Cluster, error) {
		c := &Cluster{nodes: count}
		if err := c.start(ctx); err != nil {
			return c, err
		}
		if c.borrowed {
			return c, errors.Join(c.addCaller(ctx), c.installOperator(ctx))
		}
		nodes, err := c.realNodes(ctx)
		if err != nil {
			return c, err
		}
		if _, err := c.Kubectl(ctx, append([]string{"cordon"}, nodes[1:]...)...); err != nil {
			return c, err
		}
		if err := c.addCaller(ctx); err != nil {
			return c, err
		}
		if err := c.installOperator(ctx); err != nil {
			return c, err
		}
		_, err = c.Kubectl(ctx, append([]string{"uncordon"}, nodes[1:]...)...)
		return c, err
	}
}

// RealNodes returns the names of the real nodes. The first one can't be killed. It skips the test
// in a cluster that is not the suite's own.
func (c *Cluster) RealNodes(t *testing.T) []string {
	t.Helper()
	c.needOwn(t)
	names, err := c.realNodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func (c *Cluster) realNodes(ctx context.Context) ([]string, error) {
	nodes, err := c.Kube.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, node := range nodes.Items {
		if strings.HasPrefix(node.Name, c.ownName+"-node") {
			names = append(names, node.Name)
		}
	}
	if len(names) != c.nodes {
		return nil, fmt.Errorf("the cluster's real nodes are %v, want %d", names, c.nodes)
	}
	// The name of the first node is the beginning of the others'.
	slices.Sort(names)
	return names, nil
}

// KillNode makes a real node, but not the first one, fail as a power failure does: its processes,
// those of its containers included, and its network are gone at once. The node is started at the
// end of the test at the latest.
func (c *Cluster) KillNode(t *testing.T, name string) {
	t.Helper()
	c.needOwn(t)
	t.Cleanup(func() { c.StartNode(t, name) })
	c.control(t, "kill-node", name)
}

// StopNode stops the kubelet of a real node. Its containers go on. The node is started at the end
// of the test at the latest.
func (c *Cluster) StopNode(t *testing.T, name string) {
	t.Helper()
	c.needOwn(t)
	t.Cleanup(func() { c.StartNode(t, name) })
	c.control(t, "stop-node", name)
}

// StartNode starts a real node after KillNode or StopNode and waits until its kubelet reports that
// it is ready.
func (c *Cluster) StartNode(t *testing.T, name string) {
	t.Helper()
	c.control(t, "start-node", name)
}

// WaitForNode waits until a node is ready and accepts pods, or until it is not ready.
func (c *Cluster) WaitForNode(t *testing.T, name string, ready bool) {
	t.Helper()
	wait.For(t, fmt.Sprintf("node %s, ready: %t", name, ready), func(ctx context.Context) error {
		node, err := c.Kube.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		is := slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
		})
		tainted := slices.ContainsFunc(node.Spec.Taints, func(taint corev1.Taint) bool {
			return taint.Key == corev1.TaintNodeNotReady || taint.Key == corev1.TaintNodeUnreachable
		})
		if is != ready || tainted == ready {
			return fmt.Errorf("ready %t, taints %v", is, node.Spec.Taints)
		}
		return nil
	})
}
