//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
	"github.com/Layr-Labs/hourglass-operator/test/harness/wait"
)

// Recreate is for programs of which two must never run at once, not even while the first one
// terminates.
func TestRecreateNeverHasTwoPods(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	pods := watchPods(t, ns)
	performer := ns.Performer("a")
	performer.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
	ns.Create(t, performer)
	ns.WaitFor(t, "a", "to be ready on its first pod", realcluster.ReadyOn(0))
	// A caller holds a connection, so that the old pod takes a while to terminate.
	caller := cluster.StartLoad(t, ns.Address("a", 8080), false)

	ns.Patch(t, "a", `{"spec":{"image":"hourglass/sample-performer:v2"}}`)
	upgraded := ns.WaitFor(t, "a", "to be ready on its second pod", realcluster.ReadyOn(1))
	if upgraded.Status.LastUpgrade == nil || upgraded.Status.CurrentRevision != upgraded.Status.UpdateRevision {
		t.Errorf("after the upgrade the status is %+v", upgraded.Status)
	}
	if answer := cluster.Call(t, ns.Address("a", 8080)); answer.Pod != "performer-a-1" || answer.Version != "v2" {
		t.Errorf("got an answer from %+v, want version v2 from performer-a-1", answer)
	}
	// The same holds for the replacement of a pod that was deleted by hand.
	if err := ns.Kube.CoreV1().Pods(ns.Name).Delete(t.Context(), "performer-a-1", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	ns.WaitFor(t, "a", "to be ready on its third pod", realcluster.ReadyOn(2))
	caller.WaitForAnswer(t, "performer-a-2")
	t.Logf("MEASURED image changed and pod deleted under Recreate: %s", caller.End(t))

	pods.waitFor(t, "performer-a-0", "performer-a-1", "performer-a-2")
	if most := pods.most(); len(most) != 1 {
		t.Errorf("there were %d pods at once: %v", len(most), most)
	}
}

// A pod without a grace period would be gone from the API before its container has ended, and its successor
// would run at the same time. So under Recreate the pod has one.
func TestRecreateWithoutGracePeriodWaitsForTheProcess(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	pods := watchPods(t, ns)
	performer := ns.Performer("a")
	performer.Spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
	performer.Spec.TerminationGracePeriodSeconds = new(int64)
	ns.Create(t, performer)
	ns.WaitFor(t, "a", "to be ready on its first pod", realcluster.ReadyOn(0))
	ns.Patch(t, "a", `{"spec":{"image":"hourglass/sample-performer:v2"}}`)
	ns.WaitFor(t, "a", "to be ready on its second pod", realcluster.ReadyOn(1))

	pods.waitFor(t, "performer-a-0", "performer-a-1")
	if most := pods.most(); len(most) != 1 {
		t.Errorf("there were %d pods at once: %v", len(most), most)
	}
	// The kubelet reports the end of the container before it lets the pod go.
	last := pods.lastSeen("performer-a-0")
	if len(last.Status.ContainerStatuses) != 1 || last.Status.ContainerStatuses[0].State.Terminated == nil {
		t.Errorf("the first pod was gone before its container had ended: %+v", last.Status.ContainerStatuses)
	}
}

// podWatch records which pods existed in a namespace at the same time. A pod exists until its
// object is gone.
type podWatch struct {
	mu                        sync.Mutex
	present, atMost, everSeen map[types.UID]string
	last                      map[string]*corev1.Pod // each pod as last seen, by name
}

// watchPods watches the pods of a namespace until the end of the test.
func watchPods(t *testing.T, ns *realcluster.Namespace) *podWatch {
	t.Helper()
	w := &podWatch{present: map[types.UID]string{}, everSeen: map[types.UID]string{}, last: map[string]*corev1.Pod{}}
	events, err := ns.Kube.CoreV1().Pods(ns.Name).Watch(t.Context(), metav1.ListOptions{LabelSelector: "app=hourglass-performer"})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for event := range events.ResultChan() {
			if pod, ok := event.Object.(*corev1.Pod); ok {
				w.record(event.Type, pod)
			}
		}
	}()
	return w
}

func (w *podWatch) record(what watch.EventType, pod *corev1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.everSeen[pod.UID] = pod.Name
	w.present[pod.UID] = pod.Name
	w.last[pod.Name] = pod
	if what == watch.Deleted {
		delete(w.present, pod.UID)
	}
	if len(w.present) > len(w.atMost) {
		w.atMost = maps.Clone(w.present)
	}
}

// waitFor waits until the watch, which lags behind a little, has seen the named pods.
func (w *podWatch) waitFor(t *testing.T, pods ...string) {
	t.Helper()
	wait.For(t, "the watch to see the pods", func(context.Context) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		seen := slices.Sorted(maps.Values(w.everSeen))
		for _, pod := range pods {
			if !slices.Contains(seen, pod) {
				return fmt.Errorf("it has seen %v, and not %s", seen, pod)
			}
		}
		return nil
	})
}

// most returns the pods at the time when there were most of them.
func (w *podWatch) most() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Sorted(maps.Values(w.atMost))
}

// lastSeen returns a pod that was seen, in its last state.
func (w *podWatch) lastSeen(name string) *corev1.Pod {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last[name]
}
