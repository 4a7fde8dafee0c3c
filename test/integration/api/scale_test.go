// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// TestScale reads and writes the scale subresource, as kubectl scale, the disruption controller, VPA and
// KEDA do.
func TestScale(t *testing.T) {
	namespace := cluster.CreateNamespace(t)
	performers := hourglass.HourglassV1alpha1().Performers(namespace)
	if err := cluster.Post(t, namespace, "p", controlplane.SpecWith(t, "")); err != nil {
		t.Fatal(err)
	}
	client := hourglass.HourglassV1alpha1().RESTClient()
	scale := func() (scale autoscalingv1.Scale) {
		t.Helper()
		raw, err := client.Get().Namespace(namespace).Resource("performers").Name("p").SubResource("scale").Do(t.Context()).Raw()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &scale); err != nil {
			t.Fatal(err)
		}
		return scale
	}
	put := func(scale autoscalingv1.Scale) error {
		t.Helper()
		body, err := json.Marshal(scale)
		if err != nil {
			t.Fatal(err)
		}
		return client.Put().Namespace(namespace).Resource("performers").Name("p").SubResource("scale").
			SetHeader("Content-Type", "application/json").Body(body).Do(t.Context()).Error()
	}

	// The disruption controller reads the desired number, also of an object that was created without it.
	s := scale()
	if s.Spec.Replicas != 1 || s.Status.Replicas != 0 || s.Status.Selector != "" {
		t.Errorf("of a new Performer: %+v", s)
	}
	p, err := performers.Get(t.Context(), "p", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p.Status.Replicas, p.Status.Selector, p.Status.Phase = 1, "hourglass.eigenlayer.io/performer=p", "Running"
	if _, err := performers.UpdateStatus(t.Context(), p, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if s = scale(); s.Status.Replicas != 1 || s.Status.Selector != "hourglass.eigenlayer.io/performer=p" {
		t.Errorf("of a Performer that runs: %+v", s)
	}

	s.Spec.Replicas = 2
	controlplane.CheckRefusal(t, put(s), []string{"spec.replicas", "less than or equal to 1"})
	s.Spec.Replicas = 0
	if err := put(s); err != nil {
		t.Fatal(err)
	}
	if p, err = performers.Get(t.Context(), "p", metav1.GetOptions{}); err != nil {
		t.Fatal(err)
	}
	if p.Spec.Replicas == nil || *p.Spec.Replicas != 0 || p.Generation != 2 {
		t.Errorf("scaled to 0: %v replicas, generation %d", p.Spec.Replicas, p.Generation)
	}
	// A client that does not know the field writes the object back without it.
	p.Spec.Replicas = nil
	if p, err = performers.Update(t.Context(), p, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if p.Spec.Replicas == nil || *p.Spec.Replicas != 1 {
		t.Errorf("written back without the field: %v replicas", p.Spec.Replicas)
	}
}
