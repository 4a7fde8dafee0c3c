//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// The disruption controller learns from the scale subresource how many pods a Performer should have, so that
// maxUnavailable and percentages mean something.
func TestDisruptionBudgetOfTheUser(t *testing.T) {
	t.Parallel()
	for name, maxUnavailable := range map[string]intstr.IntOrString{"number": intstr.FromInt32(1), "percentage": intstr.FromString("50%")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := cluster.Namespace(t)
			performer := ns.CreateReady(t, ns.Performer("a"))
			selector, err := metav1.ParseToLabelSelector(performer.Status.Selector)
			if err != nil {
				t.Fatal(err)
			}
			budgets := ns.Kube.PolicyV1().PodDisruptionBudgets(ns.Name)
			budget := &policyv1.PodDisruptionBudget{
				ObjectMeta: metav1.ObjectMeta{Name: "users"},
				Spec:       policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &maxUnavailable, Selector: selector},
			}
			if _, err := budgets.Create(t.Context(), budget, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			wait.For(t, "the budget to allow a disruption", func(ctx context.Context) error {
				live, err := budgets.Get(ctx, "users", metav1.GetOptions{})
				if err != nil {
					return err
				}
				if live.Status.ExpectedPods != 1 || live.Status.DisruptionsAllowed != 1 {
					return fmt.Errorf("its status is %+v", live.Status)
				}
				return nil
			})
			pod := metav1.ObjectMeta{Name: performer.Status.PodName}
			if err := ns.Kube.CoreV1().Pods(ns.Name).EvictV1(t.Context(), &policyv1.Eviction{ObjectMeta: pod}); err != nil {
				t.Fatal(err)
			}
			ns.WaitFor(t, "a", "to be ready on its second pod", realcluster.ReadyOn(1))
		})
	}
}
