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

// Under BlueGreen no upgrade fails a call, be it over a connection that is held or over one that is made for it.

func TestUpgradeOfTheImageLosesNoCall(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	ns, calls := servingUnderLoad(t)

	patched := ns.Patch(t, "a", `{"spec":{"image":"hourglass/sample-performer:v2"}}`)
	if patched.Status.LastUpgrade != nil {
		t.Errorf("status.lastUpgrade is %s before there was one", patched.Status.LastUpgrade)
	}
	ns.WaitFor(t, "a", "to say that it's upgrading", func(performer *v1alpha1.Performer) error {
		status := performer.Status
		if status.Phase != v1alpha1.PhaseUpgrading || status.CurrentRevision == status.UpdateRevision {
			return fmt.Errorf("its phase is %s, the revision %s, to be %s", status.Phase, status.CurrentRevision, status.UpdateRevision)
		}
		if !status.Ready {
			t.Errorf("status.ready is false in mid-upgrade: %+v", status)
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

// Who knows only the earlier port can go on with it until the old pod is gone, and finds the new one in the status.
func TestUpgradeOfPortAndEnvironmentLosesNoCall(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	// Long enough to see the time of both ports through, however slow the machine is.
	ns, earlier := servingUnderLoad(t, func(spec *v1alpha1.PerformerSpec) {
		spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{DrainSeconds: new(int32(20))}
	})

	ns.Patch(t, "a", `{"spec":{"config":{"grpcPort":8181,"environment":{"GRPC_PORT":"8181","COLOUR":"green"}}}}`)
	ns.WaitFor(t, "a", "to tell the new port", func(performer *v1alpha1.Performer) error {
		if want := ns.Address("a", 8181); performer.Status.GRPCEndpoint != want {
			return fmt.Errorf("status.grpcEndpoint is %s, want %s", performer.Status.GRPCEndpoint, want)
		}
		return nil
	})
	if ports := servicePorts(t, ns); !slices.Equal(ports, []int32{8080, 8181}) {
		t.Errorf("when status.grpcEndpoint has the new port, the service has ports %v, want the new one and the earlier", ports)
	}
	later := startCallers(t, ns.Address("a", 8181))
	ns.WaitFor(t, "a", "to be ready on its second pod", realcluster.ReadyOn(1))
	if answer := cluster.Call(t, ns.Address("a", 8181), "COLOUR"); answer.Env["COLOUR"] != "green" {
		t.Errorf("got an answer from %+v, want the new environment", answer)
	}

	// The second pod has the traffic of the earlier port too; a connection that is held stays with the first.
	earlier.dialling.WaitForAnswer(t, "performer-a-1")
	earlier.end(t, "performer-a-0")
	first, err := ns.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), "performer-a-0", metav1.GetOptions{})
	if err != nil || first.DeletionTimestamp != nil {
		t.Fatalf("the first pod should drain for 20 seconds, long enough for the callers' end, but it's ending or gone: %v", err)
	}
	wait.For(t, "the first pod to be gone", ns.PodGone("performer-a-0"))
	wait.For(t, "the service to have the new port alone", func(context.Context) error {
		if ports := servicePorts(t, ns); !slices.Equal(ports, []int32{8181}) {
			return fmt.Errorf("its ports are %v", ports)
		}
		return nil
	})
	later.end(t, "performer-a-1")
}

// What can't run takes nothing down, and going back is as if it had never been asked for.
func TestImageThatIsMissingAndBackLosesNoCall(t *testing.T) {
	t.Parallel()
	takeTurn(t)
	ns, calls := servingUnderLoad(t)
	before := ns.WaitReady(t, "a")
	pod := podOf(t, ns, before)

	ns.Patch(t, "a", `{"spec":{"image":"hourglass/missing:v9"}}`)
	during := ns.WaitFor(t, "a", "to be degraded", realcluster.Has(v1alpha1.ConditionDegraded, metav1.ConditionTrue, "ImagePullFailed", "hourglass/missing:v9"))
	if !during.Status.Ready || during.Status.PodName != pod.Name || during.Status.CurrentImage != pod.Spec.Containers[0].Image {
		t.Errorf("the old pod serves, but the status says %+v", during.Status)
	}
	if err := realcluster.Ready(during); err == nil {
		t.Error("it's Ready, though what is asked for now can't run")
	}

	ns.Patch(t, "a", fmt.Sprintf(`{"spec":{"image":%q}}`, before.Spec.Image))
	after := ns.WaitReady(t, "a")
	if now := podOf(t, ns, after); now.UID != pod.UID {
		t.Errorf("it's ready on pod %s (%s), want the one from before, %s (%s)", now.Name, now.UID, pod.Name, pod.UID)
	}
	wait.For(t, "the pod that can't run to be gone", ns.PodGone("performer-a-1"))
	calls.end(t, pod.Name)
}

// The second change comes while the pod of the first starts, which it supersedes.
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

func TestSuccessorDeletedInMidUpgradeLosesNoCall(t *testing.T) {
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

// servingUnderLoad returns a namespace in which the Performer a serves on its first pod, and callers of it.
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

// waitForRunning waits until a pod's container runs, ready or not.
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

// servicePorts returns the ports of the Service of the Performer a, in ascending order.
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
