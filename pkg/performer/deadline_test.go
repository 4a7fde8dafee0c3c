// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// TestEveryWaitHasADeadline has waits that only the cluster can end: for a pod to terminate, for the endpoint
// slices, and for the successor of a pod that was lost. Each is Reconciling until the deadline, is assessed
// again then, and is Stalled after it with a message that says what to look at.
func TestEveryWaitHasADeadline(t *testing.T) {
	proved := func(p *v1alpha1.Performer) {
		p.Status.UpdateRevision, p.Status.CurrentRevision = render.Revision(&p.Spec), render.Revision(&p.Spec)
	}
	terminatingSince := func(pod *corev1.Pod) { pod.DeletionTimestamp = &metav1.Time{Time: testNow} }
	const (
		exceeded  = "progressDeadlineSeconds exceeded: "
		deadNode  = "; the kubelet has not terminated it: check its node"
		finalizer = "; Pod performer-x-0 is held by finalizer example.com/hold: the controller that added it must remove it"
	)
	for _, tt := range []struct {
		name   string
		change []func(*v1alpha1.Performer)
		pods   func(p *v1alpha1.Performer) []*corev1.Pod
		// The messages of Ready before and after the deadline.
		before, after string
	}{
		{"a suspended Performer's pod terminates", []func(*v1alpha1.Performer){proved, suspended},
			func(p *v1alpha1.Performer) []*corev1.Pod { return []*corev1.Pod{testPod(p, 0, terminatingSince)} },
			"Suspending: waiting for Pod performer-x-0 to terminate (spec.replicas is 0)",
			exceeded + "Suspending: waiting for Pod performer-x-0 to terminate (spec.replicas is 0)" + deadNode},
		{"a suspended Performer's pod is held by a finalizer", []func(*v1alpha1.Performer){proved, suspended},
			func(p *v1alpha1.Performer) []*corev1.Pod {
				return []*corev1.Pod{testPod(p, 0, terminatingSince, func(pod *corev1.Pod) { pod.Finalizers = []string{"example.com/hold"} })}
			},
			"Suspending: waiting for Pod performer-x-0 to terminate (spec.replicas is 0)" + finalizer,
			exceeded + "Suspending: waiting for Pod performer-x-0 to terminate (spec.replicas is 0)" + finalizer},
		{"Recreate: the lost pod terminates", []func(*v1alpha1.Performer){proved, recreate, status(0, "performer-x-0")},
			func(p *v1alpha1.Performer) []*corev1.Pod { return []*corev1.Pod{testPod(p, 0, terminatingSince)} },
			"Waiting for Pod performer-x-0 to terminate before creating its replacement (upgradeStrategy.type is Recreate)",
			exceeded + "Waiting for Pod performer-x-0 to terminate before creating its replacement (upgradeStrategy.type is Recreate)" + deadNode},
		{"the endpoint slices don't show the new pod", []func(*v1alpha1.Performer){status(1, "performer-x-1")},
			func(p *v1alpha1.Performer) []*corev1.Pod {
				return []*corev1.Pod{older(0, ready(time.Hour)), testPod(p, 1, ready(0), servingFor(0))}
			},
			"Moving traffic to Pod performer-x-1",
			exceeded + "Moving traffic to Pod performer-x-1; the EndpointSlices of the Service don't show it as ready: check the kube-controller-manager"},
		{"the successor of a lost pod starts", []func(*v1alpha1.Performer){proved, status(0, "performer-x-0")},
			func(p *v1alpha1.Performer) []*corev1.Pod {
				return []*corev1.Pod{testPod(p, 1, func(pod *corev1.Pod) { pod.CreationTimestamp = metav1.Time{Time: testNow} })}
			},
			"Waiting for Pod performer-x-1 to become ready",
			exceeded + "Waiting for Pod performer-x-1 to become ready; it is not scheduled; see kubectl events -n ns --for pod/performer-x-1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPerformer(tt.change...)
			pods := tt.pods(p)
			o := withBothPorts(observed(p, pods...))
			o.Endpoints = map[string]bool{"performer-x-0": true}
			// Longer than the deadline ago, it was ready.
			p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, LastTransitionTime: metav1.NewTime(testNow.Add(-time.Hour))}}
			for _, at := range []struct {
				left    time.Duration
				stalled bool
				message string
			}{{whole, false, tt.before}, {time.Second, false, tt.before}, {0, true, tt.after}} {
				o.Now = testNow.Add(whole - at.left)
				got := statusOf(o, testSettings, nil)
				ready := conditionOf(&got, v1alpha1.ConditionReady)
				if stalled := conditionOf(&got, v1alpha1.ConditionStalled) != nil; stalled != at.stalled || ready.Message != at.message {
					t.Errorf("with %v left: stalled %v: %s\nwant %v: %s", at.left, stalled, ready.Message, at.stalled, at.message)
				}
				if requeue := planOf(o, testSettings).RequeueAfter; at.left > 0 && (requeue == 0 || requeue > at.left) {
					t.Errorf("with %v left: requeue after %v", at.left, requeue)
				}
			}
		})
	}
}

// TestNoDeadlineOnceReady has a pod that was ready, and no longer is.
func TestNoDeadlineOnceReady(t *testing.T) {
	p := newPerformer(status(0, "performer-x-0"), func(p *v1alpha1.Performer) {
		p.Status.UpdateRevision, p.Status.CurrentRevision = render.Revision(&p.Spec), render.Revision(&p.Spec)
		p.Status.ReadyTime = &metav1.Time{Time: testNow.Add(-time.Hour)}
	})
	got := statusOf(observed(p, testPod(p, 0)), testSettings, nil)
	if conditionOf(&got, v1alpha1.ConditionStalled) != nil {
		t.Errorf("it is stalled: %+v", got.Conditions)
	}
}
