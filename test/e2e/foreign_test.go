//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// ourLabels are the labels of the operator's objects. A foreign object with these labels is still
// foreign: the owner reference decides.
var ourLabels = map[string]string{
	"app":                               "hourglass-performer",
	"hourglass.eigenlayer.io/performer": "a",
	"app.kubernetes.io/managed-by":      "hourglass-operator",
}

func TestForeignServiceIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		labels map[string]string
	}{
		{"without our labels", nil},
		{"with our labels", ourLabels},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ns := cluster.Namespace(t)
			services := ns.Kube.CoreV1().Services(ns.Name)
			foreign, err := services.Create(t.Context(), &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Name: "performer-a", Labels: test.labels},
				Spec: corev1.ServiceSpec{
					Selector: map[string]string{"app": "foreign"},
					Ports:    []corev1.ServicePort{{Name: "web", Port: 80}},
				},
			}, metav1.CreateOptions{})
			if err != nil {
				t.Fatal(err)
			}

			ns.Create(t, ns.Performer("a"))
			ns.WaitFor(t, "a", "to report the foreign Service", func(performer *v1alpha1.Performer) error {
				ready := meta.FindStatusCondition(performer.Status.Conditions, v1alpha1.ConditionReady)
				if ready == nil || ready.Status != metav1.ConditionFalse || ready.Reason != "ServiceConflict" || !strings.Contains(ready.Message, foreign.Name) {
					return fmt.Errorf("condition Ready is %+v, want reason ServiceConflict and the name of the Service", ready)
				}
				if performer.Status.Ready {
					return fmt.Errorf("status.ready is true")
				}
				return nil
			})
			wait.For(t, "an event ServiceConflict", func(ctx context.Context) error {
				return ns.HasEvent(ctx, "a", corev1.EventTypeWarning, "ServiceConflict")
			})
			present, err := services.Get(t.Context(), foreign.Name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if present.ResourceVersion != foreign.ResourceVersion {
				t.Errorf("the foreign Service was changed:\n%+v\nwas\n%+v", present, foreign)
			}

			// Without the foreign Service, nothing is in the way. The operator may not watch a
			// Service without its labels, so this may take until it retries.
			if err := services.Delete(t.Context(), foreign.Name, metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			performer := ns.WaitReady(t, "a")
			if answer := cluster.Call(t, ns.Address("a", 8080)); answer.Pod != performer.Status.PodName {
				t.Errorf("the answer is from pod %s, want %s", answer.Pod, performer.Status.PodName)
			}
		})
	}

	t.Run("when the Performer is deleted", func(t *testing.T) {
		t.Parallel()
		ns := cluster.Namespace(t)
		services := ns.Kube.CoreV1().Services(ns.Name)
		foreign, err := services.Create(t.Context(), &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "performer-a", Labels: ourLabels},
			Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ns.Create(t, ns.Performer("a"))
		ns.WaitFor(t, "a", "to be observed", func(performer *v1alpha1.Performer) error {
			if performer.Status.ObservedGeneration != performer.Generation {
				return fmt.Errorf("status.observedGeneration is %d, want %d", performer.Status.ObservedGeneration, performer.Generation)
			}
			return nil
		})
		if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "a", "-n", ns.Name, "--timeout=60s"); err != nil {
			t.Fatal(err)
		}
		present, err := services.Get(t.Context(), foreign.Name, metav1.GetOptions{})
		if err != nil {
			t.Fatalf("the foreign Service: %v", err)
		}
		if present.UID != foreign.UID || !equality.Semantic.DeepEqual(present.Spec, foreign.Spec) {
			t.Errorf("the foreign Service was changed to %+v", present.Spec)
		}
	})
}

func TestForeignPodIsSkipped(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		labels map[string]string
	}{
		{"without our labels", nil},
		{"with our labels", ourLabels},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ns := cluster.Namespace(t)
			pods := ns.Kube.CoreV1().Pods(ns.Name)
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "performer-a-0", Labels: test.labels},
				Spec: corev1.PodSpec{
					TerminationGracePeriodSeconds: new(int64(1)),
					Containers: []corev1.Container{{
						Name: "foreign", Image: realcluster.SampleImage, ImagePullPolicy: corev1.PullNever,
					}},
				},
			}
			var foreign *corev1.Pod
			wait.For(t, "the foreign pod to be accepted", func(ctx context.Context) (err error) {
				// Refused until the namespace has its ServiceAccount.
				foreign, err = pods.Create(ctx, pod, metav1.CreateOptions{})
				return err
			})

			ns.Create(t, ns.Performer("a"))
			ns.WaitFor(t, "a", "to be ready on the next pod", realcluster.ReadyOn(1))
			if answer := cluster.Call(t, ns.Address("a", 8080)); answer.Pod != "performer-a-1" {
				t.Errorf("the answer is from pod %s, want performer-a-1", answer.Pod)
			}

			if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "a", "-n", ns.Name, "--timeout=60s"); err != nil {
				t.Fatal(err)
			}
			present, err := pods.Get(t.Context(), foreign.Name, metav1.GetOptions{})
			if err != nil {
				t.Fatalf("the foreign pod: %v", err)
			}
			if present.UID != foreign.UID || present.DeletionTimestamp != nil || !equality.Semantic.DeepEqual(present.Labels, foreign.Labels) ||
				len(present.OwnerReferences) != 0 {
				t.Errorf("the foreign pod was changed: %+v", present.ObjectMeta)
			}
		})
	}
}
