// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

func TestQuotaIsExhausted(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	ns.Running("runs")
	before := ns.AwaitPod("performer-runs-0")
	exhaustQuota(ns, "pods")
	awaitAdmission(ns, true)

	ns.Create("fresh")
	ns.Patch("runs", `{"spec":{"image":"repo:2"}}`)
	for _, name := range []string{"fresh", "runs"} {
		p := ns.AwaitReason(name, v1alpha1.ConditionDegraded, performer.ReasonPodRefused)
		message := controlplane.Condition(p, v1alpha1.ConditionDegraded).Message
		if !strings.Contains(message, "exceeded quota: q") || kstatus(p) != kstatusInProgress || p.Status.Ready != (name == "runs") {
			t.Errorf("%s: message %q, status %+v", name, message, p.Status)
		}
	}
	if now := ns.AwaitPod("performer-runs-0"); now.UID != before.UID {
		t.Error("it is another pod")
	}
	if err := kube.CoreV1().ResourceQuotas(ns.Name).Delete(t.Context(), "q", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	awaitAdmission(ns, false)
	// It is retried within a minute; any change brings that forward.
	for name, pod := range map[string]string{"fresh": "performer-fresh-0", "runs": "performer-runs-1"} {
		ns.Patch(name, `{"metadata":{"labels":{"again":"1"}}}`)
		ns.MakeReady(pod)
		ns.AwaitReadyOn(name, pod)
		h.checkStatuses(name)
	}
	h.checkNoGap("runs")
	op.stop()
	if tries := op.requests.of("POST /api/v1/namespaces/" + ns.Name + "/pods"); len(tries) > 12 {
		t.Errorf("%d attempts to create pods", len(tries))
	}
}

// TestQuotaWithoutRoomForAThirdPod supersedes an upgrade before its pod is ready. That pod has to
// go before the quota admits the next one.
func TestQuotaWithoutRoomForAThirdPod(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Running("a")
	ns.Patch("a", `{"spec":{"image":"repo:2"}}`)
	ns.AwaitPod("performer-a-1")
	exhaustQuota(ns, "pods")
	awaitAdmission(ns, true)
	ns.Patch("a", `{"spec":{"image":"repo:3"}}`)
	ns.AwaitNoPod("performer-a-1")
	p := ns.AwaitReason("a", v1alpha1.ConditionDegraded, performer.ReasonPodRefused)
	if !p.Status.Ready {
		t.Errorf("status %+v", p.Status)
	}
}

// TestServiceRefused has a change of the port refused by a quota of node ports, and then loses the
// only pod.
func TestServiceRefused(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	ns.Running("a")
	ns.Bind("performer-a-0") // so that its deletion takes time
	services := kube.CoreV1().Services(ns.Name)
	if _, err := services.Patch(t.Context(), "performer-a", types.MergePatchType, []byte(`{"spec":{"type":"NodePort"}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	exhaustQuota(ns, corev1.ResourceServicesNodePorts)
	wait.For(t, "the quota to refuse a node port", func(ctx context.Context) error {
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort, Ports: []corev1.ServicePort{{Port: 1}}}}
		if _, err := services.Create(ctx, service, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}); err == nil {
			return errors.New("it was admitted")
		}
		return nil
	})
	ns.Patch("a", `{"spec":{"config":{"grpcPort":8181}}}`)
	ns.AwaitReason("a", v1alpha1.ConditionDegraded, performer.ReasonServiceRefused)
	ns.Evict("performer-a-0")
	// A copy of it, next to the new pod, which is not ready.
	ns.AwaitPod("performer-a-2")
}

// awaitAdmission waits until admission, which works from caches, refuses or admits a plain pod.
func awaitAdmission(ns controlplane.Namespace, refuses bool) {
	ns.Helper()
	wait.For(ns.TB, fmt.Sprintf("admission of a pod, refused=%v", refuses), func(ctx context.Context) error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}}}
		_, err := kube.CoreV1().Pods(ns.Name).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if (err != nil) != refuses {
			return errors.New(fmt.Sprint(err))
		}
		return nil
	})
}

// exhaustQuota creates a quota q for a resource that has no room left.
func exhaustQuota(ns controlplane.Namespace, name corev1.ResourceName) {
	ns.Helper()
	quotas := kube.CoreV1().ResourceQuotas(ns.Name)
	one := corev1.ResourceList{name: resource.MustParse("1")}
	quota, err := quotas.Create(ns.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "q"}, Spec: corev1.ResourceQuotaSpec{Hard: one},
	}, metav1.CreateOptions{})
	if err != nil {
		ns.Fatal(err)
	}
	// The controller that counts the usage does not run here.
	quota.Status = corev1.ResourceQuotaStatus{Hard: one, Used: one}
	if _, err := quotas.UpdateStatus(ns.Context(), quota, metav1.UpdateOptions{}); err != nil {
		ns.Fatal(err)
	}
}
