//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// Kubernetes deletes a pod on a dead node, but the pod stays, since no kubelet confirms that its
// containers have ended. Under BlueGreen the replacement does not wait for that. Under Recreate it
// does, since the pod may still be running.
func TestPodOnADeadNode(t *testing.T) {
	t.Parallel()
	cluster.ClaimSimulatedNodes(t)
	// Before the namespace, so that the node outlives the pods of the namespace.
	node := cluster.AddNode(t, "dies", "--label", "e2e/dies=yes")
	ns := cluster.Namespace(t)
	for name, strategy := range map[string]v1alpha1.UpgradeStrategyType{"blue": v1alpha1.BlueGreenUpgrade, "again": v1alpha1.RecreateUpgrade} {
		performer := ns.Performer(name)
		performer.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: strategy}
		performer.Spec.Scheduling = &v1alpha1.SchedulingConfig{
			// The replacement goes to the real node when there is no simulated node.
			Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{
					Weight: 100,
					Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{
						Key: "e2e/dies", Operator: corev1.NodeSelectorOpExists,
					}}},
				}},
			}},
			Tolerations: []corev1.Toleration{realcluster.SimulatedToleration()},
		}
		if strategy == v1alpha1.RecreateUpgrade {
			// Without these, Kubernetes evicts pods from a dead node after five minutes. The operator replaces the
			// pod under BlueGreen before that.
			performer.Spec.Scheduling.Tolerations = append(performer.Spec.Scheduling.Tolerations,
				corev1.Toleration{Key: corev1.TaintNodeUnreachable, Effect: corev1.TaintEffectNoExecute, Operator: corev1.TolerationOpExists, TolerationSeconds: new(int64(1))},
				corev1.Toleration{Key: corev1.TaintNodeNotReady, Effect: corev1.TaintEffectNoExecute, Operator: corev1.TolerationOpExists, TolerationSeconds: new(int64(1))})
		}
		ns.Create(t, performer)
	}
	for _, name := range []string{"blue", "again"} {
		performer := ns.WaitFor(t, name, "to be ready on its first pod", realcluster.ReadyOn(0))
		if on := podOf(t, ns, performer).Spec.NodeName; on != node {
			t.Fatalf("the pod of %s is on node %s, want %s", name, on, node)
		}
	}

	comeBack := cluster.KillSimulatedNodes(t)
	blue := ns.WaitFor(t, "blue", "to be ready on its second pod", realcluster.ReadyOn(1))
	if answer := cluster.Call(t, ns.Address("blue", 8080)); answer.Pod != blue.Status.PodName {
		t.Errorf("the answer is from pod %s, want %s", answer.Pod, blue.Status.PodName)
	}
	ns.WaitFor(t, "again", "to report the pod that it waits for", func(performer *v1alpha1.Performer) error {
		if performer.Status.Ready {
			return fmt.Errorf("Performer again is ready")
		}
		return realcluster.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, "NoPod", "Waiting for Pod performer-again-0 to terminate before creating its replacement (upgradeStrategy.type is Recreate)")(performer)
	})
	for _, name := range []string{"blue", "again"} {
		pod, err := ns.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), "performer-"+name+"-0", metav1.GetOptions{})
		if err != nil || pod.DeletionTimestamp == nil {
			t.Fatalf("performer-%s-0 on the dead node should be terminating: %v", name, err)
		}
	}
	pods, err := ns.Pods(t.Context(), "again")
	if err != nil {
		t.Fatal(err)
	}
	if len(pods) != 1 {
		t.Errorf("under Recreate there are %d pods while the first is terminating, want only the first", len(pods))
	}

	comeBack()
	wait.For(t, "the first pod to be gone", ns.PodGone("performer-again-0"))
	ns.WaitFor(t, "again", "to be ready on its second pod", realcluster.ReadyOn(1))
}
