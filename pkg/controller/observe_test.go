// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/utils/ptr"
)

// endpoints returns an endpoint slice of the Service s with the given pods.
func endpoints(name string, family discoveryv1.AddressType, ready map[string]bool) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: name, Namespace: "ns", Labels: map[string]string{discoveryv1.LabelServiceName: "s"}},
		AddressType: family,
	}
	for pod, isReady := range ready {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(isReady)}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: pod},
		})
	}
	return slice
}

// TestReadyEndpoints has the slices of Services of one and of two address families.
func TestReadyEndpoints(t *testing.T) {
	const v4, v6 = discoveryv1.AddressTypeIPv4, discoveryv1.AddressTypeIPv6
	both := []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
	for _, tt := range []struct {
		name     string
		families []corev1.IPFamily
		slices   []*discoveryv1.EndpointSlice
		want     []string
	}{
		{"no slices", both, nil, nil},
		{"one family", both[:1], []*discoveryv1.EndpointSlice{endpoints("a", v4, map[string]bool{"old": true, "new": true, "other": false})}, []string{"new", "old"}},
		{"one family, two slices", both[:1], []*discoveryv1.EndpointSlice{endpoints("a", v4, map[string]bool{"old": true}), endpoints("b", v4, map[string]bool{"new": true})}, []string{"new", "old"}},
		{"the families are not known", nil, []*discoveryv1.EndpointSlice{endpoints("a", v6, map[string]bool{"new": true})}, []string{"new"}},
		{"both families", both, []*discoveryv1.EndpointSlice{endpoints("a", v4, map[string]bool{"old": true, "new": true}), endpoints("b", v6, map[string]bool{"old": true, "new": true})}, []string{"new", "old"}},
		{"the second family is late", both, []*discoveryv1.EndpointSlice{endpoints("a", v4, map[string]bool{"old": true, "new": true}), endpoints("b", v6, map[string]bool{"old": true})}, []string{"old"}},
		{"the first family is late", both, []*discoveryv1.EndpointSlice{endpoints("a", v4, map[string]bool{"old": true, "new": false}), endpoints("b", v6, map[string]bool{"old": true, "new": true})}, []string{"old"}},
		{"the second family has no slice yet", both, []*discoveryv1.EndpointSlice{endpoints("a", v4, map[string]bool{"new": true})}, nil},
		{"no pod has an address of the second family", both, []*discoveryv1.EndpointSlice{endpoints("a", v4, map[string]bool{"new": true}), endpoints("b", v6, nil)}, []string{"new"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, ctx, _ := newTestController(t, Config{})
			kube := fake.NewClientset()
			for _, slice := range tt.slices {
				if err := kube.Tracker().Add(slice); err != nil {
					t.Fatal(err)
				}
			}
			c.kube = kube
			service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: "ns"}, Spec: corev1.ServiceSpec{IPFamilies: tt.families}}
			ready, err := c.readyEndpoints(ctx, mustTrim(t, service))
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.Sorted(maps.Keys(ready)); !slices.Equal(got, tt.want) {
				t.Errorf("ready: %q, want %q", got, tt.want)
			}
		})
	}
}
