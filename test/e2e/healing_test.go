//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func TestDeletedPodIsReplaced(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	ns.Create(t, ns.Performer("a"))
	first := ns.WaitFor(t, "a", "to be ready on its first pod", realcluster.ReadyOn(0))

	if err := ns.Kube.CoreV1().Pods(ns.Name).Delete(t.Context(), first.Status.PodName, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	second := ns.WaitFor(t, "a", "to be ready on a second pod", realcluster.ReadyOn(1))
	if answer := cluster.Call(t, ns.Address("a", 8080)); answer.Pod != second.Status.PodName {
		t.Errorf("the answer is from pod %s, want %s", answer.Pod, second.Status.PodName)
	}
}

func TestDeletedServiceIsRecreated(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	performer := ns.CreateReady(t, ns.Performer("a"))
	services := ns.Kube.CoreV1().Services(ns.Name)
	before, err := services.Get(t.Context(), "performer-a", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}

	if err := services.Delete(t.Context(), before.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the Service to be recreated", func(ctx context.Context) error {
		after, err := services.Get(ctx, before.Name, metav1.GetOptions{})
		if err == nil && after.UID == before.UID {
			err = fmt.Errorf("the deleted Service still exists")
		}
		return err
	})
	ns.WaitReady(t, "a")
	if answer := cluster.Call(t, ns.Address("a", 8080)); answer.Pod != performer.Status.PodName {
		t.Errorf("the answer is from pod %s, want the same pod as before, %s", answer.Pod, performer.Status.PodName)
	}
}

func TestEditedServiceIsRestored(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	ns.CreateReady(t, ns.Performer("a"))
	services := ns.Kube.CoreV1().Services(ns.Name)
	// An annotation of a user must stay.
	asMade, err := services.Patch(t.Context(), "performer-a", types.MergePatchType,
		[]byte(`{"metadata":{"annotations":{"mine":"kept"}}}`), metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}

	for _, test := range []struct {
		name, patch string
	}{
		{"port", `[{"op":"replace","path":"/spec/ports/0/port","value":9999}]`},
		{"target port", `[{"op":"replace","path":"/spec/ports/0/targetPort","value":9999}]`},
		{"selector", `[{"op":"add","path":"/spec/selector/stranger","value":"yes"}]`},
		{"an additional port", `[{"op":"add","path":"/spec/ports/-","value":{"name":"other","port":9998}}]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			edited, err := services.Patch(t.Context(), asMade.Name, types.JSONPatchType, []byte(test.patch), metav1.PatchOptions{})
			if err != nil {
				t.Fatal(err)
			}
			wait.For(t, "the Service to be restored", func(ctx context.Context) error {
				restored, err := services.Get(ctx, asMade.Name, metav1.GetOptions{})
				if err != nil {
					return err
				}
				if restored.UID != edited.UID {
					t.Fatal("the Service was recreated, and so has lost its address")
				}
				if !equality.Semantic.DeepEqual(restored.Spec.Ports, asMade.Spec.Ports) || !maps.Equal(restored.Spec.Selector, asMade.Spec.Selector) {
					return fmt.Errorf("the ports are %+v, the selector is %v", restored.Spec.Ports, restored.Spec.Selector)
				}
				return nil
			})
		})
	}

	after, err := services.Get(t.Context(), asMade.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if after.Annotations["mine"] != "kept" {
		t.Errorf("the user's annotation is gone: %v", after.Annotations)
	}
	cluster.Call(t, ns.Address("a", 8080))
}

// If someone removes a label of the pod, by which the Service or the operator selects it, the
// Performer must get a ready pod with all labels again.
func TestPodThatLostItsLabelsIsRepaired(t *testing.T) {
	t.Parallel()
	for _, label := range []string{
		"hourglass.eigenlayer.io/serving",
		"hourglass.eigenlayer.io/performer",
		"app",
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			ns := cluster.Namespace(t)
			performer := ns.CreateReady(t, ns.Performer("a"))
			pods := ns.Kube.CoreV1().Pods(ns.Name)
			patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:null}}}`, label)
			if _, err := pods.Patch(t.Context(), performer.Status.PodName, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
			wait.For(t, "a ready pod with all its labels", func(ctx context.Context) error {
				present, err := ns.Performers.HourglassV1alpha1().Performers(ns.Name).Get(ctx, "a", metav1.GetOptions{})
				if err != nil {
					return err
				}
				if err := realcluster.Ready(present); err != nil {
					return err
				}
				pod, err := pods.Get(ctx, present.Status.PodName, metav1.GetOptions{})
				if err != nil {
					return err
				}
				if pod.Labels[label] == "" {
					return fmt.Errorf("pod %s does not have the label %s", pod.Name, label)
				}
				return realcluster.PodReady(pod)
			})
			cluster.Call(t, ns.Address("a", 8080))
		})
	}
}
