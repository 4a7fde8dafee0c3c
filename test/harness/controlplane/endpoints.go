// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

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

// runSlices keeps the endpoint slices of the namespace's Services as the controller of Kubernetes
// would, which does not run here, until the test ends.
func runSlices(t *testing.T, namespace string) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			return false, syncSlices(ctx, namespace)
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

func syncSlices(ctx context.Context, namespace string) error {
	services, err := kube.CoreV1().Services(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, service := range services.Items {
		slice, err := sliceFor(ctx, &service)
		if err != nil {
			return err
		}
		client := kube.DiscoveryV1().EndpointSlices(namespace)
		if _, err = client.Update(ctx, slice, metav1.UpdateOptions{}); apierrors.IsNotFound(err) {
			_, err = client.Create(ctx, slice, metav1.CreateOptions{})
		}
		if err != nil && !apierrors.IsConflict(err) {
			return err
		}
	}
	return nil
}

func sliceFor(ctx context.Context, service *corev1.Service) (*discoveryv1.EndpointSlice, error) {
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
	pods, err := kube.CoreV1().Pods(service.Namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.FormatLabels(service.Spec.Selector)})
	if err != nil {
		return nil, err
	}
	for _, pod := range pods.Items {
		ready := false
		for _, c := range pod.Status.Conditions {
			ready = ready || c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
		}
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{"10.0.0.1"},
			Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(ready)},
			TargetRef:  &corev1.ObjectReference{Kind: "Pod", Name: pod.Name, Namespace: pod.Namespace},
		})
	}
	return slice, nil
}
