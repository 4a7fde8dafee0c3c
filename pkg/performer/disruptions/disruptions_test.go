// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package disruptions

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// pod returns a pod of revision r on node n, changed in turn.
func pod(name string, changes ...func(*corev1.Pod)) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: name, UID: types.UID(name), Labels: map[string]string{}, Annotations: map[string]string{render.AnnotationRevision: "r"},
	}, Spec: corev1.PodSpec{NodeName: "n"}}
	for _, change := range changes {
		change(pod)
	}
	return pod
}

func serving(pod *corev1.Pod) { pod.Labels[render.LabelServing] = render.ServingTrue }
func dying(pod *corev1.Pod)   { pod.DeletionTimestamp = &metav1.Time{Time: start} }
func upgraded(pod *corev1.Pod) {
	pod.Annotations[render.AnnotationRevision] = "r2"
}
func isReady(pod *corev1.Pod) {
	pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
}
func on(node string) func(*corev1.Pod) { return func(pod *corev1.Pod) { pod.Spec.NodeName = node } }
func target(reason string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: reason})
	}
}

// step is an observation, a second after the one before.
type step struct {
	pods    []*corev1.Pod
	node    performer.NodeState // of node n
	blind   bool                // nodes can't be read
	suspend bool
	// evicting is whether there is an Eviction of the pod that serves at first
	evicting bool
	deletes  string // the pod that the operator deletes afterwards
}

func TestObserve(t *testing.T) {
	serves := pod("a", serving, isReady)
	next := pod("b", on("m"), serving, isReady)
	starting := pod("b", on("m"), serving)
	up := step{pods: []*corev1.Pod{serves}}
	for _, tt := range []struct {
		name  string
		steps []step
		want  string // of all disruptions
	}{
		{"nothing happens", []step{up, up}, ""},
		{"starts", []step{{}, {pods: []*corev1.Pod{starting}}, {pods: []*corev1.Pod{next}}}, ""},
		{"a restart of the container", []step{up, {pods: []*corev1.Pod{pod("a", serving)}}, up}, ""},

		{"deleted, bridged", []step{up, {pods: []*corev1.Pod{pod("a", serving, isReady, dying)}}, {pods: []*corev1.Pod{pod("a", serving, isReady, dying), starting}}, {pods: []*corev1.Pod{pod("a", serving, isReady, dying), next}}, {pods: []*corev1.Pod{next}}}, "deletion bridged 0s"},
		{"deleted, with a gap", []step{up, {pods: []*corev1.Pod{pod("a", serving, isReady, dying)}}, {pods: []*corev1.Pod{pod("a", serving, dying), starting}}, {pods: []*corev1.Pod{starting}}, {pods: []*corev1.Pod{next}}}, "deletion gap 2s"},
		{"deleted at once", []step{up, {}, {pods: []*corev1.Pod{starting}}, {pods: []*corev1.Pod{next}}}, "deletion gap 2s"},
		{"deleted twice", []step{up, {}, {pods: []*corev1.Pod{next}}, {}, {pods: []*corev1.Pod{pod("c", serving, isReady)}}}, "deletion gap 1s, deletion gap 1s"},
		{"evicted", []step{up, {pods: []*corev1.Pod{pod("a", serving, isReady, dying, target("EvictionByEvictionAPI"))}}, {pods: []*corev1.Pod{next}}}, "eviction bridged 0s"},
		{"evicted by the kubelet", []step{up, {pods: []*corev1.Pod{pod("a", serving, target("TerminationByKubelet"))}}, {pods: []*corev1.Pod{next}}}, "eviction gap 1s"},
		{"preempted", []step{up, {pods: []*corev1.Pod{pod("a", serving, isReady, target("PreemptionByScheduler"))}}, {pods: []*corev1.Pod{next}}}, "preemption bridged 0s"},
		{"a taint of a node that is up", []step{up, {pods: []*corev1.Pod{pod("a", serving, isReady, dying, target("DeletionByTaintManager"))}}, {pods: []*corev1.Pod{next}}}, "eviction bridged 0s"},
		{"a taint of a node that can't be read", []step{up, {blind: true, pods: []*corev1.Pod{pod("a", serving, dying, target("DeletionByTaintManager"))}}, {blind: true, pods: []*corev1.Pod{next}}}, "node_lost gap 1s"},
		{"garbage collected", []step{up, {pods: []*corev1.Pod{pod("a", serving, dying, target("DeletionByPodGC"))}}, {pods: []*corev1.Pod{next}}}, "node_lost gap 1s"},

		{"drained by eviction", []step{up, {node: performer.NodeDraining, pods: []*corev1.Pod{serves}}, {node: performer.NodeDraining, pods: []*corev1.Pod{pod("a", serving, isReady, dying, target("EvictionByEvictionAPI"))}}, {node: performer.NodeDraining, pods: []*corev1.Pod{next}}}, "drain bridged 0s"},
		{"moved before its drain", []step{up, {node: performer.NodeDraining, pods: []*corev1.Pod{serves, starting}}, {node: performer.NodeDraining, pods: []*corev1.Pod{serves, next}, deletes: "a"}, {node: performer.NodeDraining, pods: []*corev1.Pod{pod("a", isReady, dying), next}}}, "drain moved 0s"},
		{"upgraded during a drain", []step{up, {node: performer.NodeDraining, pods: []*corev1.Pod{serves, pod("b", on("m"), serving, isReady, upgraded)}}}, ""},
		{"moved before its eviction", []step{up, {evicting: true, pods: []*corev1.Pod{serves, starting}}, {evicting: true, pods: []*corev1.Pod{serves, next}, deletes: "a"}, {evicting: true, pods: []*corev1.Pod{pod("a", isReady, dying), next}}}, "eviction moved 0s"},
		{"an eviction that is canceled", []step{up, {evicting: true, pods: []*corev1.Pod{serves, starting}}, up}, ""},
		{"uncordoned", []step{up, {node: performer.NodeDraining, pods: []*corev1.Pod{serves}}, up, up}, ""},

		{"node lost", []step{up, {node: performer.NodeLost, pods: []*corev1.Pod{pod("a", serving)}}, {node: performer.NodeLost, pods: []*corev1.Pod{pod("a", serving), starting}}, {node: performer.NodeLost, pods: []*corev1.Pod{pod("a", serving), next}, deletes: "a"}, {pods: []*corev1.Pod{next}}}, "node_lost gap 2s"},
		{"node lost and back", []step{up, {node: performer.NodeLost, pods: []*corev1.Pod{pod("a", serving)}}, up}, "node_lost gap 1s"},
		{"node lost and back, and nobody noticed", []step{up, {node: performer.NodeLost, pods: []*corev1.Pod{serves}}, up}, ""},

		{"upgraded", []step{up, {pods: []*corev1.Pod{serves, pod("b", serving, isReady, upgraded)}, deletes: "a"}, {pods: []*corev1.Pod{pod("a", serving, isReady, dying), pod("b", serving, isReady, upgraded)}}}, ""},
		{"upgraded with Recreate", []step{{pods: []*corev1.Pod{serves}, deletes: "a"}, {pods: []*corev1.Pod{pod("a", serving, isReady, dying)}}, {}, {pods: []*corev1.Pod{pod("b", serving, isReady, upgraded)}}}, ""},
		{"suspended", []step{up, {pods: []*corev1.Pod{serves}, suspend: true, deletes: "a"}, {suspend: true}, {pods: []*corev1.Pod{starting}}, {pods: []*corev1.Pod{next}}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var m Memory
			got := ""
			for i, s := range tt.steps {
				o := &performer.Observed{Performer: &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{UID: "p"}}, Pods: s.pods, NodesKnown: !s.blind, Now: start.Add(time.Duration(i) * time.Second)}
				if s.node != performer.NodeUp {
					o.Nodes = map[string]performer.Node{"n": {State: s.node}}
				}
				if s.evicting {
					o.Evictions = []*lifecyclev1alpha1.Eviction{evictionOf(serves)}
				}
				if s.suspend {
					o.Performer.Spec.Replicas = ptr.To[int32](0)
				}
				var d *Disruption
				if m, d = m.Observe(o); d != nil {
					if got != "" {
						got += ", "
					}
					got += fmt.Sprint(d.Kind, " ", d.Outcome, " ", d.Gap)
				}
				m = m.DeletedByOperator(types.UID(s.deletes))
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// evictionOf returns an Eviction of the pod, in which the operator is the active responder.
func evictionOf(pod *corev1.Pod) *lifecyclev1alpha1.Eviction {
	e := &lifecyclev1alpha1.Eviction{}
	e.Spec.Target.Pod = &lifecyclev1alpha1.EvictionPodReference{Name: pod.Name, UID: pod.UID}
	e.Name = "drain"
	e.Status.TargetResponders = []lifecyclev1alpha1.TargetResponder{{Name: render.EvictionResponder, State: lifecyclev1alpha1.ResponderStateActive}}
	e.Status.Responders = []lifecyclev1alpha1.ResponderStatus{{Name: render.EvictionResponder}}
	return e
}

// TestRecreatedPerformer checks that a new Performer of the same name begins with nothing.
func TestRecreatedPerformer(t *testing.T) {
	observed := func(uid types.UID, pods ...*corev1.Pod) *performer.Observed {
		return &performer.Observed{Performer: &v1alpha1.Performer{ObjectMeta: metav1.ObjectMeta{UID: uid}}, Pods: pods, Now: start}
	}
	m, _ := Memory{}.Observe(observed("p", pod("a", serving, isReady)))
	m, _ = m.Observe(observed("q"))
	if _, d := m.Observe(observed("q", pod("b", serving, isReady))); d != nil {
		t.Errorf("got %+v", d)
	}
}
