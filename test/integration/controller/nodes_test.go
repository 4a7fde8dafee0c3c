// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/controller"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// createNode creates a node that is ready, and is deleted at the end of the test.
func createNode(t *testing.T, name string) {
	t.Helper()
	nodes := kube.CoreV1().Nodes()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
		{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status"},
	}}}
	if _, err := nodes.Create(t.Context(), node, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := nodes.Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
}

// heartbeat updates the status of a node as its kubelet does every few minutes.
func heartbeat(t *testing.T, node string) {
	t.Helper()
	body := `{"status":{"conditions":[{"type":"Ready","lastHeartbeatTime":"2026-01-01T00:00:00Z"}]}}`
	if _, err := kube.CoreV1().Nodes().Patch(t.Context(), node, types.StrategicMergePatchType, []byte(body), metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
}

// TestNodes has a settled Performer on one of many nodes. Their heartbeats cost no request. When that node is
// cordoned, the Performer is synced.
func TestNodes(t *testing.T) {
	const nodes = 1000
	ns := cluster.Namespace(t)
	name := func(i int) string { return fmt.Sprintf("%s-%d", ns.Name, i) }
	for i := range nodes {
		createNode(t, name(i))
	}
	access := controller.Access{Nodes: true, Budgets: []string{ns.Name}}
	first := startOperatorWith(t, config, access, ns.Name)
	ns.Create("a")
	ns.AwaitPod("performer-a-0")
	ns.BindTo("performer-a-0", name(0))
	ns.MakeReady("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-0")
	first.stop()

	second := startOperatorWith(t, config, access, ns.Name)
	wait.Until(t, "the first sync", func() bool { return second.results.count("success") > 0 })
	for i := range nodes {
		heartbeat(t, name(i))
	}
	if requests := second.requests.of(""); len(requests) > 0 {
		t.Errorf("heartbeats cost requests: %q", requests)
	}
	syncs := second.results.count("success")
	if _, err := kube.CoreV1().Nodes().Patch(t.Context(), name(0), types.MergePatchType, []byte(`{"spec":{"unschedulable":true}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	wait.Until(t, "a sync after the node was cordoned", func() bool { return second.results.count("success") > syncs })
	if requests := second.requests.of("/api/v1/nodes"); len(requests) > 0 {
		t.Errorf("nodes are read in addition to their watch: %q", requests)
	}
}

// TestDisruptionIsCounted evicts a pod whose successor is ready while it still answers.
func TestDisruptionIsCounted(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t, ns.Name)
	ns.Running("a")
	ns.Bind("performer-a-0")
	ns.Evict("performer-a-0")
	ns.AwaitDeletion("performer-a-0")
	ns.MakeReady("performer-a-1")
	if got, want := <-op.disruptions, "eviction bridged"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	ns.Remove("performer-a-0")
	ns.AwaitReadyOn("a", "performer-a-1")
	if len(op.disruptions) > 0 {
		t.Errorf("counted again: %q", <-op.disruptions)
	}
}
