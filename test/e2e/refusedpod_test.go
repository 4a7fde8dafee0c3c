//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// A pod that the API server refuses because an object is missing is created at most a minute after
// the object.
func TestRefusedPodIsCreatedOnceItCanBe(t *testing.T) {
	t.Parallel()
	ns, crowded := cluster.Namespace(t), cluster.Namespace(t)
	// Classes are cluster-scoped.
	class := ns.Name
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for _, err := range []error{
			cluster.Kube.SchedulingV1().PriorityClasses().Delete(ctx, class, metav1.DeleteOptions{}),
			cluster.Kube.NodeV1().RuntimeClasses().Delete(ctx, class, metav1.DeleteOptions{}),
		} {
			if err != nil && !apierrors.IsNotFound(err) {
				t.Errorf("cleaning up: %v", err)
			}
		}
	})
	quota, err := cluster.Kube.CoreV1().ResourceQuotas(crowded.Name).Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "none"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wait.For(t, "the quota to be enforced", func(ctx context.Context) error {
		present, err := cluster.Kube.CoreV1().ResourceQuotas(crowded.Name).Get(ctx, quota.Name, metav1.GetOptions{})
		if err == nil && len(present.Status.Hard) == 0 {
			err = fmt.Errorf("the quota has no status yet")
		}
		return err
	})

	tests := []struct {
		name string
		ns   *realcluster.Namespace
		// lack makes the Performer need a missing object, message is a part of the message about
		// it.
		lack    func(*v1alpha1.PerformerSpec)
		message string
		// supply creates the missing object.
		supply func(ctx context.Context) error
	}{
		{
			name: "account", ns: ns,
			lack:    func(spec *v1alpha1.PerformerSpec) { spec.Config.ServiceAccountName = "late" },
			message: `serviceaccount "late" not found`,
			supply: func(ctx context.Context) error {
				account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "late"}}
				_, err := cluster.Kube.CoreV1().ServiceAccounts(ns.Name).Create(ctx, account, metav1.CreateOptions{})
				return err
			},
		},
		{
			name: "priority", ns: ns,
			lack: func(spec *v1alpha1.PerformerSpec) {
				spec.Scheduling = &v1alpha1.SchedulingConfig{PriorityClassName: class}
			},
			message: "no PriorityClass with name " + class,
			supply: func(ctx context.Context) error {
				priority := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Value: 7}
				_, err := cluster.Kube.SchedulingV1().PriorityClasses().Create(ctx, priority, metav1.CreateOptions{})
				return err
			},
		},
		{
			name: "runtime", ns: ns,
			lack: func(spec *v1alpha1.PerformerSpec) {
				spec.Scheduling = &v1alpha1.SchedulingConfig{RuntimeClass: class}
			},
			message: fmt.Sprintf("RuntimeClass %q not found", class),
			supply: func(ctx context.Context) error {
				runtime := &nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: class}, Handler: "runc"}
				_, err := cluster.Kube.NodeV1().RuntimeClasses().Create(ctx, runtime, metav1.CreateOptions{})
				return err
			},
		},
		{
			name: "quota", ns: crowded,
			lack:    func(*v1alpha1.PerformerSpec) {},
			message: "exceeded quota: none",
			supply: func(ctx context.Context) error {
				return cluster.Kube.CoreV1().ResourceQuotas(crowded.Name).Delete(ctx, quota.Name, metav1.DeleteOptions{})
			},
		},
	}
	// All at once, since each one waits up to a minute.
	for _, test := range tests {
		performer := test.ns.Performer(test.name)
		test.lack(&performer.Spec)
		test.ns.Create(t, performer)
	}
	for _, test := range tests {
		test.ns.WaitFor(t, test.name, "to report the missing object", realcluster.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, "PodRefused", test.message))
		if err := test.supply(t.Context()); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
	}
	for _, test := range tests {
		performer := test.ns.WaitReady(t, test.name)
		if answer := cluster.Call(t, test.ns.Address(test.name, 8080)); answer.Pod != performer.Status.PodName {
			t.Errorf("%s: the answer is from pod %s, want %s", test.name, answer.Pod, performer.Status.PodName)
		}
	}
}

// A pod that waits for a Secret and a ConfigMap starts as soon as they exist.
func TestSecretCreatedLater(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	performer := ns.Performer("a")
	performer.Spec.Config.EnvironmentFrom = []v1alpha1.EnvironmentVariableSource{
		{Name: "COLOR", ValueFrom: v1alpha1.EnvironmentValueSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "late"}, Key: "color",
		}}},
		{Name: "SHAPE", ValueFrom: v1alpha1.EnvironmentValueSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "later"}, Key: "shape",
		}}},
	}
	ns.Create(t, performer)
	waitForMessage := func(text string) {
		t.Helper()
		ns.WaitFor(t, "a", "to report the missing object", realcluster.Has(v1alpha1.ConditionDegraded, metav1.ConditionTrue, "ContainerConfigInvalid", text))
	}

	waitForMessage(`secret "late" not found`)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "late"}, StringData: map[string]string{"color": "green"}}
	if _, err := ns.Kube.CoreV1().Secrets(ns.Name).Create(t.Context(), secret, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	waitForMessage(`configmap "later" not found`)
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "later"}, Data: map[string]string{"shape": "round"}}
	if _, err := ns.Kube.CoreV1().ConfigMaps(ns.Name).Create(t.Context(), config, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.WaitFor(t, "a", "to be ready on its first pod", realcluster.ReadyOn(0))
	if answer := cluster.Call(t, ns.Address("a", 8080), "COLOR", "SHAPE"); answer.Env["COLOR"] != "green" || answer.Env["SHAPE"] != "round" {
		t.Errorf("got an answer from %+v, want the values of the Secret and the ConfigMap", answer)
	}
}
