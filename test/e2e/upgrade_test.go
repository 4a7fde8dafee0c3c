//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// Under BlueGreen no upgrade fails a call, whether it is made over an open connection or over a new
// one.

func TestUpgradeOfTheImageLosesNoCall(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	ns, calls := servingUnderLoad(t)

	patched := ns.Patch(t, "a", `{"spec":{"image":"hourglass/sample-performer:v2"}}`)
	if patched.Status.LastUpgrade != nil {
		t.Errorf("status.lastUpgrade is %s before the first upgrade", patched.Status.LastUpgrade)
	}
	ns.WaitFor(t, "a", "to report the upgrade", func(performer *v1alpha1.Performer) error {
		status := performer.Status
		if status.Phase != v1alpha1.PhaseUpgrading || status.CurrentRevision == status.UpdateRevision {
			return fmt.Errorf("the phase is %s, the current revision %s, the update revision %s", status.Phase, status.CurrentRevision, status.UpdateRevision)
		}
		if !status.Ready {
			t.Errorf("status.ready is false during the upgrade: %+v", status)
		}
		return realcluster.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, "UpgradeInProgress", status.UpdateRevision)(performer)
	})
	after := ns.WaitFor(t, "a", "to be ready on its second pod", realcluster.ReadyOn(1))
	if after.Status.CurrentImage != "hourglass/sample-performer:v2" || after.Status.LastUpgrade == nil ||
		after.Status.CurrentRevision != after.Status.UpdateRevision {
		t.Errorf("after the upgrade the status is %+v", after.Status)
	}
	wait.For(t, "the first pod to be gone", ns.PodGone("performer-a-0"))
	calls.end(t, "performer-a-0", "performer-a-1")
}

// Callers can use the previous port until the old pod is gone, and find the new port in the status.
func TestUpgradeOfPortAndEnvironmentLosesNoCall(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	// Long enough for the checks while the Service has both ports, even on a slow machine.
	ns, earlier := servingUnderLoad(t, drainingFor(20))

	ns.Patch(t, "a", `{"spec":{"config":{"grpcPort":8181,"environment":{"GRPC_PORT":"8181","COLOR":"green"}}}}`)
	ns.WaitFor(t, "a", "to report the new port", func(performer *v1alpha1.Performer) error {
		if want := ns.Address("a", 8181); performer.Status.GRPCEndpoint != want {
			return fmt.Errorf("status.grpcEndpoint is %s, want %s", performer.Status.GRPCEndpoint, want)
		}
		return nil
	})
	if ports := servicePorts(t, ns); !slices.Equal(ports, []int32{8080, 8181}) {
		t.Errorf("when status.grpcEndpoint has the new port, the Service has the ports %v, want the new and the previous port", ports)
	}
	later := startCallers(t, ns.Address("a", 8181))
	ns.WaitFor(t, "a", "to be ready on its second pod", realcluster.ReadyOn(1))
	if answer := cluster.Call(t, ns.Address("a", 8181), "COLOR"); answer.Env["COLOR"] != "green" {
		t.Errorf("got an answer from %+v, want the new environment", answer)
	}

	// The second pod gets the traffic of the previous port too. An open connection stays with the
	// first pod.
	earlier.dialing.WaitForAnswer(t, "performer-a-1")
	earlier.end(t, "performer-a-0")
	first, err := ns.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), "performer-a-0", metav1.GetOptions{})
	if err != nil || first.DeletionTimestamp == nil || first.Status.ContainerStatuses[0].State.Running == nil {
		t.Fatalf("the first pod should be terminating and drain for 20 seconds, until the callers have ended, but it does not: %v", err)
	}
	wait.For(t, "the first pod to be gone", ns.PodGone("performer-a-0"))
	wait.For(t, "the Service to have only the new port", func(context.Context) error {
		if ports := servicePorts(t, ns); !slices.Equal(ports, []int32{8181}) {
			return fmt.Errorf("its ports are %v", ports)
		}
		return nil
	})
	later.end(t, "performer-a-1")
}

// A revision that can't run does not stop the serving pod. Going back to the previous image keeps
// that pod.
func TestImageThatIsMissingAndBackLosesNoCall(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	ns, calls := servingUnderLoad(t)
	before := ns.WaitReady(t, "a")
	pod := podOf(t, ns, before)

	ns.Patch(t, "a", `{"spec":{"image":"hourglass/missing:v9"}}`)
	during := ns.WaitFor(t, "a", "to be degraded", realcluster.Has(v1alpha1.ConditionDegraded, metav1.ConditionTrue, "ImagePullFailed", "hourglass/missing:v9"))
	if !during.Status.Ready || during.Status.PodName != pod.Name || during.Status.CurrentImage != pod.Spec.Containers[0].Image {
		t.Errorf("the old pod serves, but the status is %+v", during.Status)
	}
	if err := realcluster.Ready(during); err == nil {
		t.Error("Performer a is Ready, though the desired revision can't run")
	}

	ns.Patch(t, "a", fmt.Sprintf(`{"spec":{"image":%q}}`, before.Spec.Image))
	after := ns.WaitReady(t, "a")
	if now := podOf(t, ns, after); now.UID != pod.UID {
		t.Errorf("ready on pod %s (%s), want the previous pod, %s (%s)", now.Name, now.UID, pod.Name, pod.UID)
	}
	wait.For(t, "the pod of the missing image to be gone", ns.PodGone("performer-a-1"))
	calls.end(t, pod.Name)
}

// The second change comes while the pod of the first change starts, and supersedes it.
func TestTwoUpgradesInQuickSuccessionLoseNoCall(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	ns, calls := servingUnderLoad(t)

	ns.Patch(t, "a", `{"spec":{"image":"hourglass/sample-performer:v1"}}`)
	wait.For(t, "the pod of the first change", func(ctx context.Context) error {
		_, err := ns.Kube.CoreV1().Pods(ns.Name).Get(ctx, "performer-a-1", metav1.GetOptions{})
		return err
	})
	ns.Patch(t, "a", `{"spec":{"image":"hourglass/sample-performer:v2"}}`)
	ns.WaitFor(t, "a", "to be ready on its third pod", realcluster.ReadyOn(2))
	for _, pod := range []string{"performer-a-0", "performer-a-1"} {
		wait.For(t, pod+" to be gone", ns.PodGone(pod))
	}
	calls.end(t, "performer-a-0", "performer-a-2")
}

func TestSuccessorDeletedDuringUpgradeLosesNoCall(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	ns, calls := servingUnderLoad(t)

	ns.Patch(t, "a", `{"spec":{"image":"hourglass/sample-performer:v2","config":{"environment":{"PERFORMER_READY_AFTER":"5s"}}}}`)
	waitForRunning(t, ns, "performer-a-1")
	if err := ns.Kube.CoreV1().Pods(ns.Name).Delete(t.Context(), "performer-a-1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.WaitFor(t, "a", "to be ready on its third pod", realcluster.ReadyOn(2))
	wait.For(t, "the first pod to be gone", ns.PodGone("performer-a-0"))
	calls.end(t, "performer-a-0", "performer-a-2")
}

// servingUnderLoad returns a namespace in which Performer a serves on its first pod, and its
// callers.
func servingUnderLoad(t *testing.T, changes ...func(*v1alpha1.PerformerSpec)) (*realcluster.Namespace, callers) {
	t.Helper()
	ns := cluster.Namespace(t)
	performer := ns.Performer("a")
	for _, change := range changes {
		change(&performer.Spec)
	}
	ns.Create(t, performer)
	ns.WaitFor(t, "a", "to be ready on its first pod", realcluster.ReadyOn(0))
	return ns, startCallers(t, ns.Address("a", 8080))
}

// podOf returns the pod that a Performer's status names.
func podOf(t *testing.T, ns *realcluster.Namespace, performer *v1alpha1.Performer) *corev1.Pod {
	t.Helper()
	pod, err := ns.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), performer.Status.PodName, metav1.GetOptions{})
	if err != nil {
		t.Fatalf("the pod of status.podName: %v", err)
	}
	return pod
}

// waitForRunning waits until the container of a pod runs, whether it is ready or not.
func waitForRunning(t *testing.T, ns *realcluster.Namespace, name string) {
	t.Helper()
	wait.For(t, "pod "+name+" to run", func(ctx context.Context) error {
		pod, err := ns.Kube.CoreV1().Pods(ns.Name).Get(ctx, name, metav1.GetOptions{})
		if err == nil && pod.Status.Phase != corev1.PodRunning {
			err = fmt.Errorf("its phase is %s", pod.Status.Phase)
		}
		return err
	})
}

// servicePorts returns the ports of the Service of Performer a, in ascending order.
func servicePorts(t *testing.T, ns *realcluster.Namespace) []int32 {
	t.Helper()
	service, err := ns.Kube.CoreV1().Services(ns.Name).Get(t.Context(), "performer-a", metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var ports []int32
	for _, port := range service.Spec.Ports {
		ports = append(ports, port.Port)
	}
	slices.Sort(ports)
	return ports
}
