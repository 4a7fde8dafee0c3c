//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package disruption

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// TestPodTakenAway has the only pod of a Performer taken away in each way that leaves it its grace period. It serves
// until its successor does, so no call is lost.
func TestPodTakenAway(t *testing.T) {
	node := cluster.RealNodes(t)[1]
	for _, tt := range []struct {
		kind string
		take func(t *testing.T, ns *realcluster.Namespace, pod string)
	}{
		{"deletion", func(t *testing.T, ns *realcluster.Namespace, pod string) {
			if err := ns.Kube.CoreV1().Pods(ns.Name).Delete(t.Context(), pod, metav1.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
		}},
		{"eviction", func(t *testing.T, ns *realcluster.Namespace, pod string) {
			if err := ns.Kube.CoreV1().Pods(ns.Name).EvictV1(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod}}); err != nil {
				t.Fatal(err)
			}
		}},
		{"preemption", preempt(node)},
		{"NoExecute taint", func(t *testing.T, ns *realcluster.Namespace, _ string) {
			const taint = "e2e/maintenance"
			t.Cleanup(func() {
				if output, err := cluster.Kubectl(context.WithoutCancel(t.Context()), "taint", "node", node, taint+"-"); err != nil {
					t.Errorf("%v\n%s", err, output)
				}
			})
			cluster.MustRun(t, "kubectl", "taint", "node", node, taint+":NoExecute")
		}},
	} {
		t.Run(tt.kind, func(t *testing.T) {
			ns := cluster.Namespace(t)
			performers := startOn(t, ns, node, 1, func(spec *v1alpha1.PerformerSpec) {
				drainingFor(30)(spec)
				spec.Resources.Requests = halfANode
			})
			name := performers[0]
			calls := callAll(t, ns, performers)
			tt.take(t, ns, "performer-"+name+"-0")
			ns.WaitFor(t, name, "to be ready on its second pod", realcluster.ReadyOn(1))
			wait.For(t, "the first pod to be gone", ns.PodGone("performer-"+name+"-0"))
			calls.end(t, tt.kind)
		})
	}
}

// preempt returns a function that creates a pod of a higher priority on the node, which has no room for it.
func preempt(node string) func(*testing.T, *realcluster.Namespace, string) {
	return func(t *testing.T, ns *realcluster.Namespace, _ string) {
		class := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "urgent-" + ns.Name}, Value: 1000}
		classes := ns.Kube.SchedulingV1().PriorityClasses()
		if _, err := classes.Create(t.Context(), class, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = classes.Delete(context.WithoutCancel(t.Context()), class.Name, metav1.DeleteOptions{}) })
		pod := tenant(node)
		pod.Spec.PriorityClassName = class.Name
		createPod(t, ns, pod)
	}
}

// halfANode is what one pod of a node may request, but not two.
var halfANode = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1200m")}

// tenant returns a pod of somebody else that takes the room of halfANode on a node.
func tenant(node string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "tenant"},
		Spec: corev1.PodSpec{
			NodeSelector:                  map[string]string{corev1.LabelHostname: node},
			TerminationGracePeriodSeconds: new(int64(1)),
			Containers: []corev1.Container{{
				Name: "performer", Image: realcluster.SampleImage, ImagePullPolicy: corev1.PullNever,
				Resources: corev1.ResourceRequirements{Requests: halfANode},
			}},
		},
	}
}

// createPod creates a pod, once the namespace has its ServiceAccount.
func createPod(t *testing.T, ns *realcluster.Namespace, pod *corev1.Pod) {
	t.Helper()
	wait.For(t, "pod "+pod.Name+" to be created", func(ctx context.Context) error {
		_, err := ns.Kube.CoreV1().Pods(ns.Name).Create(ctx, pod, metav1.CreateOptions{})
		return err
	})
}

// TestSlowStartLeavesAGap deletes the only pod of a Performer that starts more slowly than it drains. Nobody answers
// for the difference, and not for longer.
func TestSlowStartLeavesAGap(t *testing.T) {
	const drain = 5 * time.Second
	ns := cluster.Namespace(t)
	name := startOn(t, ns, cluster.RealNodes(t)[1], 1, func(spec *v1alpha1.PerformerSpec) {
		drainingFor(int32(drain.Seconds()))(spec)
		spec.Config.Environment["PERFORMER_READY_AFTER"] = "20s"
	})[0]
	load := cluster.StartLoad(t, ns.Address(name, 8080), true)
	deleted := time.Now()
	if err := ns.Kube.CoreV1().Pods(ns.Name).Delete(t.Context(), "performer-"+name+"-0", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.WaitFor(t, name, "to be ready on its second pod", realcluster.ReadyOn(1))
	successor, err := ns.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), "performer-"+name+"-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	load.WaitForAnswer(t, successor.Name)
	summary := load.End(t)
	want := readySince(t, successor).Sub(deleted) - drain
	gap := time.Duration(summary.LongestGapMillis) * time.Millisecond
	t.Logf("MEASURED start slower than drainSeconds: %s; the start took %.0f s longer than drainSeconds", summary, want.Seconds())
	// The condition is in whole seconds. The pod stops some moments after its sleep, and the slices and the proxy follow.
	if want < 10*time.Second || (gap-want).Abs() > 5*time.Second {
		t.Errorf("nobody answered for %s, want %s", gap, want)
	}
}

// TestNodeDies kills the node of a Performer. Its successor is created when the node is known to be lost, not when
// Kubernetes evicts the pod, minutes later. When the node is back, one pod is left.
func TestNodeDies(t *testing.T) {
	node := cluster.RealNodes(t)[1]
	ns := cluster.Namespace(t)
	performers := startOn(t, ns, node, 1, func(*v1alpha1.PerformerSpec) {})
	name := performers[0]
	held, dialing := cluster.StartLoad(t, ns.Address(name, 8080), false), cluster.StartLoad(t, ns.Address(name, 8080), true)

	died := time.Now()
	cluster.KillNode(t, node)
	ns.WaitFor(t, name, "to be ready on its second pod", realcluster.ReadyOn(1))
	successor, err := ns.Kube.CoreV1().Pods(ns.Name).Get(t.Context(), "performer-"+name+"-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lost := lostSince(t, node)
	created := successor.CreationTimestamp.Time
	// Both times are whole seconds.
	if late := created.Sub(lost); late > 3*time.Second {
		t.Errorf("the successor was created %s after the node was lost, want at most 2 s", late)
	}
	held.WaitForAnswer(t, successor.Name)
	dialing.WaitForAnswer(t, successor.Name)
	t.Logf("MEASURED dead node, held connection: %s", held.End(t))
	t.Logf("MEASURED dead node, new connections: %s", dialing.End(t))
	ready := readySince(t, successor)
	t.Logf("MEASURED dead node: noticed after %.0f s, successor created %.0f s later, ready %.0f s after that",
		lost.Sub(died).Seconds(), created.Sub(lost).Seconds(), ready.Sub(created).Seconds())

	cluster.StartNode(t, node)
	cluster.WaitForNode(t, node, true)
	wait.For(t, "one pod to be left", func(ctx context.Context) error {
		pods, err := ns.Pods(ctx, name)
		if err != nil {
			return err
		}
		if len(pods) != 1 || pods[0].Name != successor.Name {
			return fmt.Errorf("there are %d pods", len(pods))
		}
		return nil
	})
}

// lostSince returns when the node controller noticed that the node is lost.
func lostSince(t *testing.T, name string) time.Time {
	t.Helper()
	node, err := cluster.Kube.CoreV1().Nodes().Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool { return c.Type == corev1.NodeReady })
	if i < 0 || node.Status.Conditions[i].Status == corev1.ConditionTrue {
		t.Fatalf("node %s is not lost: %+v", name, node.Status.Conditions)
	}
	return node.Status.Conditions[i].LastTransitionTime.Time
}
