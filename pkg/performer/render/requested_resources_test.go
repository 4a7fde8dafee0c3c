// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestRequestedResources(t *testing.T) {
	cpu := func(limit, request string) corev1.ResourceRequirements {
		return corev1.ResourceRequirements{
			Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(limit)},
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(request)},
		}
	}
	to := cpu("2", "1")
	for want, r := range map[string]RequestedResources{
		`{}`: {},
		`{"limits":{"cpu":"1"},"requests":{"cpu":"500m"}}`:                                                         {ResourceRequirements: cpu("1000m", "0.5")},
		`{"limits":{"cpu":"1"},"requests":{"cpu":"1"},"resizingTo":{"limits":{"cpu":"2"},"requests":{"cpu":"1"}}}`: {ResourceRequirements: cpu("1", "1"), ResizingTo: &to},
	} {
		if got := r.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{AnnotationRequestedResources: want}}}
		if got, ok := ParseRequestedResources(pod); !ok || !equality.Semantic.DeepEqual(got, r) {
			t.Errorf("%s: parsed %v, %v", want, got, ok)
		}
	}
	for _, nonsense := range []string{"", "null", "nonsense", `"x"`, `[]`, `{"limits":{"cpu":"many"}}`, `{"limits":7}`} {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{AnnotationRequestedResources: nonsense}}}
		if got, ok := ParseRequestedResources(pod); ok {
			t.Errorf("%s: parsed %v", nonsense, got)
		}
	}
}
