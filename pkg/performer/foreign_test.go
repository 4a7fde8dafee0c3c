// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// foreign returns a pod of somebody else with both labels of the Service's selector.
func foreign(name string, change ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ns", Labels: render.ServiceSelector(running)}}
	for _, f := range append([]func(*corev1.Pod){ready(time.Minute)}, change...) {
		f(pod)
	}
	return pod
}

func controlledBy(kind, name string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		yes := true
		pod.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, UID: "theirs", Controller: &yes}}
	}
}

// TestForeignEndpoint has pods that the Service selects and the Performer does not own.
func TestForeignEndpoint(t *testing.T) {
	notReady := func(pod *corev1.Pod) { pod.Status.Conditions = nil }
	for _, tt := range []struct {
		name    string
		foreign []*corev1.Pod
		message string // of Ready; empty if nothing is wrong
	}{
		{"none", nil, ""},
		{"of a ReplicaSet", []*corev1.Pod{foreign("web-1", controlledBy("ReplicaSet", "web"))},
			"Pod web-1 (controlled by ReplicaSet web) has the labels by which Service performer-x selects, and receives calls meant for this Performer while ready: " +
				"run kubectl label pod -n ns web-1 hourglass.eigenlayer.io/serving-, and remove the label where a controller sets it"},
		{"not ready now", []*corev1.Pod{foreign("web-1", notReady)},
			"Pod web-1 (without a controller) has the labels by which Service performer-x selects, and receives calls meant for this Performer while ready: " +
				"run kubectl label pod -n ns web-1 hourglass.eigenlayer.io/serving-, and remove the label where a controller sets it"},
		{"of another Performer", []*corev1.Pod{foreign("performer-y-0", controlledBy("Performer", "y"))},
			"Pod performer-y-0 (controlled by Performer y) has the labels by which Service performer-x selects, and receives calls meant for this Performer while ready: " +
				"run kubectl label pod -n ns performer-y-0 hourglass.eigenlayer.io/serving-, and remove the label where a controller sets it"},
		{"several", []*corev1.Pod{foreign("e"), foreign("d"), foreign("c"), foreign("b"), foreign("a", controlledBy("Job", "j"))},
			"Pods a (controlled by Job j), b (without a controller), c (without a controller) and 2 more have the labels by which Service performer-x selects, and receive calls meant for this Performer while ready: " +
				"run kubectl label pod -n ns a b c hourglass.eigenlayer.io/serving-, and remove the label where a controller sets it"},
		{"without the serving label", []*corev1.Pod{foreign("web-1", without(render.LabelServing))}, ""},
		{"with another value", []*corev1.Pod{foreign("web-1", func(pod *corev1.Pod) { pod.Labels[render.LabelServing] = "false" })}, ""},
		{"ended", []*corev1.Pod{foreign("web-1", ended(0))}, ""},
		{"terminating", []*corev1.Pod{foreign("web-1", dying)}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := observed(running, testPod(running, 0, ready(time.Minute)))
			o.ForeignPods = tt.foreign
			status := statusOf(o, testSettings, nil)
			c := conditionOf(&status, v1alpha1.ConditionReady)
			if wrong := c.Reason == ReasonForeignEndpoint; wrong != (tt.message != "") || wrong && c.Message != tt.message {
				t.Errorf("Ready is %s, %s: %s\nwant %s", c.Status, c.Reason, c.Message, tt.message)
			}
			if (c.Status == metav1.ConditionTrue) != (tt.message == "") || (conditionOf(&status, v1alpha1.ConditionStalled) != nil) != (tt.message != "") {
				t.Errorf("Ready is %s, conditions %+v", c.Status, status.Conditions)
			}
			if !status.Ready {
				t.Error("the Performer's own pod serves, and Available is not True")
			}
			if events := Events(&running.Status, &status); tt.message != "" &&
				!slices.Contains(events, Event{corev1.EventTypeWarning, ReasonForeignEndpoint, tt.message}) {
				t.Errorf("events %+v", events)
			}
			slices.Reverse(o.ForeignPods)
			if again := statusOf(o, testSettings, nil); conditionOf(&again, v1alpha1.ConditionReady).Message != c.Message {
				t.Error("the message depends on the order of the pods")
			}
		})
	}
}

// TestForeignEndpointIsNotAvailable has a Service that selects foreign pods alone: the Performer has none, it is
// suspended, or the API server has not let the operator adopt its orphan.
func TestForeignEndpointIsNotAvailable(t *testing.T) {
	orphan := testPod(running, 0, ready(time.Minute), func(pod *corev1.Pod) { pod.OwnerReferences = nil })
	for name, o := range map[string]Observed{
		"no pod":        observed(running),
		"unready pod":   observed(running, testPod(running, 0)),
		"an orphan too": observed(running, orphan),
		"suspended":     observed(newPerformer(func(p *v1alpha1.Performer) { p.Spec.Replicas = new(int32) })),
	} {
		o.ForeignPods = []*corev1.Pod{foreign("web-1")}
		status := statusOf(o, testSettings, nil)
		if status.Ready || conditionOf(&status, v1alpha1.ConditionAvailable).Status == metav1.ConditionTrue {
			t.Errorf("%s: Available is True", name)
		}
		if c := conditionOf(&status, v1alpha1.ConditionDegraded); c.Reason != ReasonForeignEndpoint {
			t.Errorf("%s: Degraded is %s: %s", name, c.Reason, c.Message)
		}
	}
}

// TestForeignEndpointBlocksNothing has an upgrade while somebody else's pod receives calls.
func TestForeignEndpointBlocksNothing(t *testing.T) {
	o := observed(begun(), older(0, ready(0)))
	want := len(planOf(o, testSettings).Actions)
	o.ForeignPods = []*corev1.Pod{foreign("web-1")}
	if got := planOf(o, testSettings).Actions; len(got) != want || want == 0 {
		t.Errorf("actions %v, want %d", got, want)
	}
	o.Performer.Status.UpdateRevision = ""
	if status := statusOf(o, testSettings, nil); status.LastUpgrade == nil || !status.LastUpgrade.Equal(&metav1.Time{Time: testNow}) {
		t.Errorf("the upgrade is not recorded: %v", status.LastUpgrade)
	}
}
