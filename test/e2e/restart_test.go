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

// Not parallel: it stops the operator. All of its pods are deleted when the successor has just
// begun to start, so that the next operator finds an unfinished upgrade.
func TestOperatorRestartedInMidUpgradeLosesNoCall(t *testing.T) {
	ns, calls := servingUnderLoad(t)
	// The logs of the operator's pods are lost with them.
	assertNothingLeaked(t)

	ns.Patch(t, "a", `{"spec":{"image":"hourglass/sample-performer:v2","config":{"environment":{"PERFORMER_READY_AFTER":"3s"}}}}`)
	wait.For(t, "the successor performer-a-1", func(ctx context.Context) error {
		_, err := ns.Kube.CoreV1().Pods(ns.Name).Get(ctx, "performer-a-1", metav1.GetOptions{})
		return err
	})
	before, err := cluster.OperatorPods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range before {
		if err := cluster.Kube.CoreV1().Pods(pod.Namespace).Delete(t.Context(), pod.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}

	ns.WaitFor(t, "a", "to be ready on its second pod", realcluster.ReadyOn(1))
	wait.For(t, "the first pod to be gone", ns.PodGone("performer-a-0"))
	calls.end(t, "performer-a-0", "performer-a-1")
	wait.For(t, "the operator's new pods", cluster.OperatorReady)
	after, err := cluster.OperatorPods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range before {
		for _, pod := range after {
			if pod.UID == old.UID {
				t.Errorf("pod %s of the operator was deleted at %s and still exists", pod.Name, fmt.Sprint(pod.DeletionTimestamp))
			}
		}
	}
}
