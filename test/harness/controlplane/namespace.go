// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package integration

import (
	"context"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/kubelet"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// as is w in a test of its own.
func (w world) as(t *testing.T) world { return worldIn(t, w.namespace) }

// unlabel takes a label off a pod, as anybody may.
func (w world) unlabel(pod, label string) {
	w.Helper()
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:null}}}`, label)
	if _, err := kube.CoreV1().Pods(w.namespace).Patch(w.Context(), pod, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		w.Fatal(err)
	}
}

// deletePod deletes a pod as a user does.
func (w world) deletePod(name string) {
	w.Helper()
	if err := kube.CoreV1().Pods(w.namespace).Delete(w.Context(), name, metav1.DeleteOptions{}); err != nil {
		w.Fatal(err)
	}
}

// evict does what kubectl drain does.
func (w world) evict(name string) {
	w.Helper()
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := kube.CoreV1().Pods(w.namespace).EvictV1(w.Context(), eviction); err != nil {
		w.Fatal(err)
	}
}

func (w world) pods(name string) []corev1.Pod {
	w.Helper()
	list, err := kube.CoreV1().Pods(w.namespace).List(w.Context(), metav1.ListOptions{LabelSelector: "hourglass.eigenlayer.io/performer=" + name})
	if err != nil {
		w.Fatal(err)
	}
	return list.Items
}

// awaitOn waits until the Performer is ready on the pod of the given name.
func (w world) awaitOn(name, pod string) *v1alpha1.Performer {
	w.Helper()
	return w.awaitPerformer(name, "ready on "+pod, func(p *v1alpha1.Performer) bool { return isReady(p) && p.Status.PodName == pod })
}

// awaitLabel waits until the label of the pod has the given value.
func (w world) awaitLabel(pod, key, value string) {
	w.Helper()
	wait.For(w.T, fmt.Sprintf("label %s=%q on pod %s", key, value, pod), func(ctx context.Context) error {
		live, err := kube.CoreV1().Pods(w.namespace).Get(ctx, pod, metav1.GetOptions{})
		switch {
		case err != nil:
			return err
		case live.Labels[key] != value:
			return errors.New(kubelet.Describe(live))
		default:
			return nil
		}
	})
}

func conditionOf(p *v1alpha1.Performer, conditionType string) metav1.Condition {
	return ptr.Deref(apimeta.FindStatusCondition(p.Status.Conditions, conditionType), metav1.Condition{})
}

// restricted returns the config of a user who has only the given permissions.
func restricted(t *testing.T, rules ...rbacv1.PolicyRule) *rest.Config {
	t.Helper()
	user := cluster.NewUser(t)
	user.Grant(t, rules...)
	anonymous := rest.AnonymousClientConfig(config)
	anonymous.QPS = -1
	anonymous.BearerToken = user.Token
	return anonymous
}

func narrow() []rbacv1.PolicyRule { return controlplane.Narrow() }

func notFound(err error) bool { return apierrors.IsNotFound(err) }

func quantity(text string) resource.Quantity { return resource.MustParse(text) }
