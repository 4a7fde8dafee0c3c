// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package realcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

const (
	// SampleImage is the sample performer; it reports the version dev.
	SampleImage = "hourglass/sample-performer:dev"

	callerNamespace = "hourglass-e2e-caller"
	callerPod       = "caller"
)

// Answer is how a sample performer describes itself.
type Answer struct {
	Version string            `json:"version"`
	Pod     string            `json:"pod"`
	Env     map[string]string `json:"env"`
}

// startCaller starts the pod from which Call makes its calls. All tests share it, since starting a
// pod takes longer than a call. It has its own namespace, as the callers of a performer do.
func (c *Cluster) startCaller(ctx context.Context) error {
	if c.borrowed {
		c.undo = append(c.undo, func(ctx context.Context) error {
			return c.Kube.CoreV1().Namespaces().Delete(ctx, callerNamespace, metav1.DeleteOptions{})
		})
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: callerNamespace}}
	if _, err := c.Kube.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	// The only program of the image that waits is the performer itself.
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: callerPod, Namespace: callerNamespace},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: new(int64(1)),
			// The kernel sometimes drops one of two DNS queries that are sent at once through the
			// address of a Service (they race for one entry of its connection table), and a
			// resolver waits 5 seconds until it retries. That happens in thousands of lookups and
			// has nothing to do with the performer.
			DNSConfig: &corev1.PodDNSConfig{Options: []corev1.PodDNSConfigOption{
				{Name: "single-request"}, {Name: "timeout", Value: new("1")}, {Name: "attempts", Value: new("5")},
			}},
			Containers: []corev1.Container{{
				Name:            callerPod,
				Image:           SampleImage,
				ImagePullPolicy: corev1.PullNever,
			}},
		},
	}
	// A pod of an earlier run has the client of that run, since a rebuilt image has the same name.
	err := c.Kube.CoreV1().Pods(callerNamespace).Delete(ctx, callerPod, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	// Pods are refused in a new namespace until its ServiceAccount exists.
	err = wait.Poll(ctx, func(ctx context.Context) error {
		_, err := c.Kube.CoreV1().Pods(callerNamespace).Create(ctx, pod, metav1.CreateOptions{})
		return err
	})
	if err != nil {
		return err
	}
	err = wait.Poll(ctx, func(ctx context.Context) error {
		pod, err := c.Kube.CoreV1().Pods(callerNamespace).Get(ctx, callerPod, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return PodReady(pod)
	})
	if err != nil {
		return fmt.Errorf("%w\n%s", err, c.show(ctx, "describe", "pod", "-n", callerNamespace, callerPod))
	}
	return nil
}

// Call makes a gRPC call from inside the cluster to an address given as name:port, and fails the
// test if there is no answer. env are the names of the environment variables in the answer.
func (c *Cluster) Call(t *testing.T, address string, env ...string) Answer {
	t.Helper()
	output, err := c.Kubectl(t.Context(), "exec", "-n", callerNamespace, callerPod, "--",
		"/performer-client", "call", "-timeout", "30s", "-env", strings.Join(env, ","), address)
	if err != nil {
		t.Fatalf("calling %s: %v", address, err)
	}
	var answer Answer
	if err := json.Unmarshal([]byte(output), &answer); err != nil {
		t.Fatalf("calling %s: answer %q: %v", address, output, err)
	}
	return answer
}

// PodReady returns nil if the condition Ready of a pod is true, and an error with the pod's phase
// otherwise.
func PodReady(pod *corev1.Pod) error {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return fmt.Errorf("pod %s is not ready, its phase is %s", pod.Name, pod.Status.Phase)
}
