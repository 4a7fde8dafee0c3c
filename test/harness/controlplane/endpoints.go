// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
)

// runEndpoints keeps the endpoint slices of a namespace's Services until the test ends, in place of
// Kubernetes' own controller, which does not run here.
func (c *Cluster) runEndpoints(t testing.TB, namespace string) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			return false, c.syncEndpoints(ctx, namespace)
		})
		if !errors.Is(err, context.Canceled) && ctx.Err() == nil {
			t.Errorf("endpoint slices: %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

func (c *Cluster) syncEndpoints(ctx context.Context, namespace string) error {
	services, err := c.Kube.CoreV1().Services(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, service := range services.Items {
		slice, err := c.endpointsOf(ctx, &service)
		if err != nil {
			return err
		}
		client := c.Kube.DiscoveryV1().EndpointSlices(namespace)
		if _, err = client.Update(ctx, slice, metav1.UpdateOptions{}); apierrors.IsNotFound(err) {
			_, err = client.Create(ctx, slice, metav1.CreateOptions{})
		}
		if err != nil && !apierrors.IsConflict(err) {
			return err
		}
	}
	return nil
}

func (c *Cluster) endpointsOf(ctx context.Context, service *corev1.Service) (*discoveryv1.EndpointSlice, error) {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Name: service.Name + "-test", Namespace: service.Namespace,
			Labels: map[string]string{discoveryv1.LabelServiceName: service.Name},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
	}
	if len(service.Spec.Selector) == 0 {
		return slice, nil
	}
	pods, err := c.Kube.CoreV1().Pods(service.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.FormatLabels(service.Spec.Selector)})
	if err != nil {
		return nil, err
	}
	for _, pod := range pods.Items {
		ready := false
		for _, condition := range pod.Status.Conditions {
			ready = ready || condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
		}
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{"10.0.0.1"},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(ready)},
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Name: pod.Name, Namespace: pod.Namespace},
		})
	}
	return slice, nil
}
