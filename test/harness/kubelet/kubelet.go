// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kubelet stands in for the kubelet where tests have an API server and no node: it writes
// the status of pods and removes the pods that are being deleted. A Kubelet does each step when the
// test calls for it, a Runner does them by itself.
package kubelet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// ready is how a kubelet patches the status of a pod whose container passes its readiness probe.
const ready = `{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}`

// Kubelet acts on the pods of one namespace.
type Kubelet struct {
	t    testing.TB
	pods typedcorev1.PodInterface
}

// New returns a Kubelet that fails the given test where it fails.
func New(t testing.TB, kube kubernetes.Interface, namespace string) Kubelet {
	return Kubelet{t, kube.CoreV1().Pods(namespace)}
}

// AwaitPod waits until the pod exists and is not being deleted.
func (k Kubelet) AwaitPod(name string) *corev1.Pod {
	k.t.Helper()
	return k.await(name, "pod "+name+" to exist", func(pod *corev1.Pod) bool { return pod.DeletionTimestamp == nil })
}

// AwaitDeletion waits until the pod is being deleted.
func (k Kubelet) AwaitDeletion(name string) {
	k.t.Helper()
	k.await(name, "pod "+name+" to be deleted", func(pod *corev1.Pod) bool { return pod.DeletionTimestamp != nil })
}

func (k Kubelet) await(name, what string, holds func(*corev1.Pod) bool) *corev1.Pod {
	k.t.Helper()
	var pod *corev1.Pod
	wait.For(k.t, what, func(ctx context.Context) error {
		var err error
		switch pod, err = k.pods.Get(ctx, name, metav1.GetOptions{}); {
		case err != nil:
			return err
		case !holds(pod):
			return errors.New(Describe(pod))
		default:
			return nil
		}
	})
	return pod
}

// PatchStatus patches the status of a pod.
func (k Kubelet) PatchStatus(pod, patch string) {
	k.t.Helper()
	k.AwaitPod(pod)
	_, err := k.pods.Patch(k.t.Context(), pod, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
	if err != nil {
		k.t.Fatal(err)
	}
}

// MakeReady does what a kubelet does when the container passes its readiness probe.
func (k Kubelet) MakeReady(pod string) {
	k.t.Helper()
	k.PatchStatus(pod, ready)
}

// Terminate does what a kubelet does when the container of a pod has ended for good. The conditions
// are JSON, each after a comma.
func (k Kubelet) Terminate(pod, phase, reason string, exitCode int, conditions string) {
	k.t.Helper()
	k.PatchStatus(pod, fmt.Sprintf(`{"status":{"phase":%q,"reason":%q,"conditions":[{"type":"Ready","status":"False","lastTransitionTime":"2026-01-01T00:00:00Z"}%s],`+
		`"containerStatuses":[{"name":"performer","image":"i","imageID":"i","ready":false,"restartCount":0,`+
		`"state":{"terminated":{"exitCode":%d,"reason":"Error","finishedAt":"2026-01-01T00:00:00Z"}}}]}}`, phase, reason, conditions, exitCode))
}

// Resize does what a kubelet does when the container has the resources of the pod's spec.
func (k Kubelet) Resize(pod string) {
	k.t.Helper()
	resources, err := json.Marshal(k.AwaitPod(pod).Spec.Containers[0].Resources)
	if err != nil {
		k.t.Fatal(err)
	}
	k.PatchStatus(pod, fmt.Sprintf(`{"status":{"conditions":[{"type":"PodResizePending","$patch":"delete"},{"type":"PodResizeInProgress","$patch":"delete"}],`+
		`"containerStatuses":[{"name":"performer","image":"i","imageID":"i","ready":true,"restartCount":0,"state":{"running":{}},"resources":%s}]}}`, resources))
}

// Bind puts a pod on a node that does not exist. From then on a deletion of the pod waits for Remove.
func (k Kubelet) Bind(pod string) {
	k.t.Helper()
	k.BindTo(pod, "n")
}

// BindTo puts a pod on the node of the given name.
func (k Kubelet) BindTo(pod, node string) {
	k.t.Helper()
	namespace := k.AwaitPod(pod).Namespace
	binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: pod, Namespace: namespace}, Target: corev1.ObjectReference{Kind: "Node", Name: node}}
	if err := k.pods.Bind(k.t.Context(), binding, metav1.CreateOptions{}); err != nil {
		k.t.Fatal(err)
	}
}

// Remove does what a kubelet does when the containers of a pod that is being deleted have ended.
func (k Kubelet) Remove(pod string) {
	k.t.Helper()
	k.AwaitDeletion(pod)
	if err := k.pods.Delete(k.t.Context(), pod, metav1.DeleteOptions{GracePeriodSeconds: new(int64)}); err != nil {
		k.t.Fatal(err)
	}
}

// Describe returns the text that tests print about a pod.
func Describe(pod *corev1.Pod) string {
	return fmt.Sprintf("%s (deleted %v, labels %v)", pod.Name, pod.DeletionTimestamp != nil, pod.Labels)
}
