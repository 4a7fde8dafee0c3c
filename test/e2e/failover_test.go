//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// Not parallel: other tests would have to wait for the new leader.
func TestStandbyTakesOver(t *testing.T) {
	ns := cluster.Namespace(t)
	wait.For(t, "both replicas of the operator to be ready", cluster.OperatorReady)
	var leader string
	wait.For(t, "a leader", func(ctx context.Context) (err error) {
		leader, err = cluster.Leader(ctx)
		return err
	})

	// The log of the leader is lost with its pod.
	assertNothingLeaked(t)
	if err := cluster.Kube.CoreV1().Pods(realcluster.OperatorNamespace).Delete(t.Context(), leader, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "another leader", func(ctx context.Context) error {
		present, err := cluster.Leader(ctx)
		if err == nil && present == leader {
			err = fmt.Errorf("%s still leads", leader)
		}
		return err
	})
	performer := ns.CreateReady(t, ns.Performer("a"))
	if answer := cluster.Call(t, ns.Address("a", 8080)); answer.Pod != performer.Status.PodName {
		t.Errorf("the answer is from pod %s, want %s", answer.Pod, performer.Status.PodName)
	}
	wait.For(t, "both replicas to be ready again", cluster.OperatorReady)
}
