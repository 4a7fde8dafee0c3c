// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
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

// TestForeignEndpoint has pods of other owners, among them another Performer, with the labels by which a
// Performer's Service selects.
func TestForeignEndpoint(t *testing.T) {
	ns := cluster.Namespace(t)
	op := startOperator(t)
	ns.Running("a")
	for name, owner := range map[string]*metav1.OwnerReference{
		"web-1":         {APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web", UID: "web", Controller: ptr.To(true)},
		"performer-b-0": {APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "Performer", Name: "b", UID: "b", Controller: ptr.To(true)},
	} {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Name: name, OwnerReferences: []metav1.OwnerReference{*owner},
				Labels: map[string]string{render.LabelPerformer: "a", render.LabelServing: render.ServingTrue},
			},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}},
		}
		pod, err := kube.CoreV1().Pods(ns.Name).Create(t.Context(), pod, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("Pod %s (controlled by %s %s) has the labels by which Service performer-a selects, and receives calls meant for this Performer while ready: "+
			"run kubectl label pod -n %s %s hourglass.eigenlayer.io/serving-, and remove the label where a controller sets it", name, owner.Kind, owner.Name, ns.Name, name)
		p := ns.AwaitReason("a", v1alpha1.ConditionStalled, performer.ReasonForeignEndpoint)
		if c := controlplane.Condition(p, v1alpha1.ConditionReady); c.Message != want || controlplane.IsReady(p) || !p.Status.Ready {
			t.Errorf("Ready is %s: %s\nwant %s", c.Status, c.Message, want)
		}
		wait.For(t, "an event", func(context.Context) error {
			if events := strings.Join(op.takeEvents(ns.Name), "\n"); !strings.Contains(events, "Warning ForeignEndpoint "+want) {
				return errors.New(events)
			}
			return nil
		})
		if now := ns.AwaitPod(name); now.ResourceVersion != pod.ResourceVersion {
			t.Error("the foreign pod was touched")
		}
		// As the message says.
		ns.Unlabel(name, render.LabelServing)
		ns.AwaitReadyOn("a", "performer-a-0")
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
