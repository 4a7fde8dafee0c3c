// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func TestStrangers(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)

	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "performer-a", Labels: map[string]string{"app": "hourglass-performer"}},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 1}}},
	}
	service, err := kube.CoreV1().Services(ns.Name).Create(t.Context(), service, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ns.Create("a")
	ns.AwaitReason("a", v1alpha1.ConditionStalled, "ServiceConflict")
	if now := ns.Service("performer-a"); now.ResourceVersion != service.ResourceVersion {
		t.Error("the stranger's Service was touched")
	}
	wait.For(t, "an event", func(context.Context) error {
		if events := strings.Join(op.takeEvents(ns.Name), "\n"); !strings.Contains(events, "Warning ServiceConflict Service performer-a exists but is not owned by this Performer") {
			return errors.New(events)
		}
		return nil
	})

	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "performer-b-0"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}},
	}
	pod, err = kube.CoreV1().Pods(ns.Name).Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ns.Create("b")
	ns.MakeReady("performer-b-1")
	ns.AwaitPerformer("b", "Performer b to be ready on the next ordinal", func(p *v1alpha1.Performer) bool {
		return controlplane.IsReady(p) && p.Status.PodName == "performer-b-1"
	})
	if now := ns.AwaitPod("performer-b-0"); now.ResourceVersion != pod.ResourceVersion {
		t.Error("the stranger's pod was touched")
	}
}

func TestObjectsOfADeletedPerformerOfTheSameName(t *testing.T) {
	ns := cluster.Namespace(t)
	first := startOperator(t)
	p := ns.Running("a")
	first.stop()
	// Its Service and pod stay: no operator and no garbage collector runs.
	ns.Patch("a", `{"metadata":{"finalizers":null}}`)
	performers := hourglass.HourglassV1alpha1().Performers(ns.Name)
	if err := performers.Delete(t.Context(), "a", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &p.UID}}); err != nil {
		t.Fatal(err)
	}

	startOperator(t)
	ns.Create("a")
	ns.AwaitReason("a", v1alpha1.ConditionReconciling, "ServiceTerminating")
	ns.AwaitPod("performer-a-0")
}
