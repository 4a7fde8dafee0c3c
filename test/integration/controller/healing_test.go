// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/kubelet"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func TestHealing(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	services := kube.CoreV1().Services(ns.Name)
	pods := kube.CoreV1().Pods(ns.Name)
	now := metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}

	t.Run("a deleted Service comes back", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("svc")
		before := ns.Service("performer-svc")
		if err := services.Delete(t.Context(), before.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		wait.For(t, "another Service of the name", func(ctx context.Context) error {
			service, err := services.Get(ctx, before.Name, metav1.GetOptions{})
			switch {
			case err != nil:
				return err
			case service.UID == before.UID:
				return errors.New("it is the old one")
			default:
				return nil
			}
		})
		ns.AwaitPerformer("svc", "the Performer to be ready again", controlplane.IsReady)
	})

	t.Run("an edited Service is as before, and keeps what the user added", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("edit")
		before := ns.Service("performer-edit")
		edit := `{"metadata":{"annotations":{"mine":"1"},"labels":{"app":null,"mine":"1"}},` +
			`"spec":{"type":"NodePort","ports":[{"name":"grpc","port":1,"targetPort":2}],"selector":{"mine":"1","hourglass.eigenlayer.io/serving":null}}}`
		if _, err := services.Patch(t.Context(), before.Name, types.MergePatchType, []byte(edit), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		wait.For(t, "the Service to be restored", func(ctx context.Context) error {
			service := ns.Service(before.Name)
			ports := service.Spec.Ports
			ports[0].NodePort = 0
			if !equality.Semantic.DeepEqual(service.Spec.Selector, before.Spec.Selector) || !equality.Semantic.DeepEqual(ports, before.Spec.Ports) || service.Labels["app"] == "" {
				return fmt.Errorf("%+v %+v", service.Labels, service.Spec)
			}
			if service.Annotations["mine"] != "1" || service.Labels["mine"] != "1" || service.Spec.Type != corev1.ServiceTypeNodePort {
				t.Fatalf("what the user added is gone: %+v", service)
			}
			return nil
		})
	})

	t.Run("a pod that vanishes makes ready false at once, and is followed", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("gone")
		if err := pods.Delete(t.Context(), "performer-gone-0", now); err != nil {
			t.Fatal(err)
		}
		ns.AwaitPerformer("gone", "Performer gone not to be ready", func(p *v1alpha1.Performer) bool { return !p.Status.Ready })
		ns.MakeReady("performer-gone-1")
		p := ns.AwaitPerformer("gone", "the Performer to be ready again", controlplane.IsReady)
		if p.Status.PodName != "performer-gone-1" || p.Status.PodOrdinal != 1 {
			t.Errorf("status %+v", p.Status)
		}
	})

	t.Run("a pod that loses its labels gets them back, and stays", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("labels")
		before := ns.AwaitPod("performer-labels-0")
		patch := `{"metadata":{"labels":null}}`
		if _, err := pods.Patch(t.Context(), before.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		wait.For(t, "the labels to be restored", func(context.Context) error {
			pod := ns.AwaitPod(before.Name)
			if !equality.Semantic.DeepEqual(pod.Labels, before.Labels) {
				return errors.New(kubelet.Describe(pod))
			}
			return nil
		})
		ns.AwaitPerformer("labels", "Performer labels to be ready on the same pod", func(p *v1alpha1.Performer) bool {
			return controlplane.IsReady(p) && p.Status.PodName == before.Name
		})
	})

	t.Run("a pod whose image was edited is replaced", func(t *testing.T) {
		ns := ns.As(t)
		ns.Running("image")
		patch := `[{"op":"replace","path":"/spec/containers/0/image","value":"other:1"}]`
		if _, err := pods.Patch(t.Context(), "performer-image-0", types.JSONPatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
		pod := ns.AwaitPod("performer-image-1")
		if pod.Spec.Containers[0].Image != "repo:1" {
			t.Errorf("image %s", pod.Spec.Containers[0].Image)
		}
		ns.MakeReady("performer-image-1")
		ns.AwaitNoPod("performer-image-0")
	})
}

// TestInvalidRevisionAnnotation overwrites the revision annotation with a value that can't be a
// label. The pod is replaced like any other of another revision.
func TestInvalidRevisionAnnotation(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Running("a")
	body := `{"metadata":{"annotations":{"` + render.AnnotationRevision + `":"not valid!"}}}`
	if _, err := kube.CoreV1().Pods(ns.Name).Patch(t.Context(), "performer-a-0", types.MergePatchType, []byte(body), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.MakeReady("performer-a-1")
	ns.AwaitReadyOn("a", "performer-a-1")
}
