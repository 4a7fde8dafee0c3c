//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// A change of CPU and memory is applied to the running pod, without a restart and without a lost
// call.
func TestResizeRestartsNothing(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	ns, calls := servingUnderLoad(t, func(spec *v1alpha1.PerformerSpec) {
		spec.Resources = corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("20m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("500m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
		}
	})
	before := podOf(t, ns, ns.WaitReady(t, "a"))

	ns.Patch(t, "a", `{"spec":{"resources":{"requests":{"cpu":"30m","memory":"48Mi"},"limits":{"cpu":"750m","memory":"192Mi"}}}}`)
	performer := ns.WaitReady(t, "a")
	after := podOf(t, ns, performer)
	container := after.Status.ContainerStatuses[0]
	if after.UID != before.UID || container.RestartCount != 0 || container.ContainerID != before.Status.ContainerStatuses[0].ContainerID {
		t.Errorf("ready on pod %s (%s), container %s after %d restarts, want the previous pod and container: %s (%s), %s",
			after.Name, after.UID, container.ContainerID, container.RestartCount,
			before.Name, before.UID, before.Status.ContainerStatuses[0].ContainerID)
	}
	// The resources that the container really has.
	have, err := cluster.Kubectl(t.Context(), "get", "pod", after.Name, "-n", ns.Name, "-o",
		"jsonpath={.status.containerStatuses[0].resources.requests.cpu} {.status.containerStatuses[0].resources.requests.memory} "+
			"{.status.containerStatuses[0].resources.limits.cpu} {.status.containerStatuses[0].resources.limits.memory}")
	if err != nil {
		t.Fatal(err)
	}
	if want := "30m 48Mi 750m 192Mi"; have != want {
		t.Errorf("the resources of the container are %q, want %q", have, want)
	}
	if performer.Status.LastUpgrade != nil {
		t.Errorf("status.lastUpgrade is %s, but there was no upgrade", performer.Status.LastUpgrade)
	}
	calls.end(t, before.Name)
}

// Resources that can't be changed on a running pod are applied by an upgrade.
func TestResizeThatNeedsANewPodLosesNoCall(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	ns, calls := servingUnderLoad(t)

	// The first request changes the QoS class, which is immutable.
	ns.Patch(t, "a", `{"spec":{"resources":{"requests":{"cpu":"20m","memory":"32Mi"}}}}`)
	performer := ns.WaitFor(t, "a", "to be ready on its second pod", realcluster.ReadyOn(1))
	if have := podOf(t, ns, performer).Spec.Containers[0].Resources.Requests; have.Cpu().String() != "20m" || have.Memory().String() != "32Mi" {
		t.Errorf("the second pod requests %v, want those of the spec", have)
	}
	wait.For(t, "the first pod to be gone", ns.PodGone("performer-a-0"))
	calls.end(t, "performer-a-0", "performer-a-1")
}
