// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package disruptions

import (
	"cmp"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// A Kind is what took a serving pod away.
type Kind string

// The kinds of disruptions.
const (
	// Drain: the node of the pod is drained or shut down.
	Drain Kind = "drain"
	// Eviction: the eviction API, the kubelet, or a NoExecute taint, on a node that is not drained; or an
	// Eviction to which the operator responds.
	Eviction Kind = "eviction"
	// Preemption: the scheduler made room for a pod of a higher priority.
	Preemption Kind = "preemption"
	// Deletion: somebody deleted the pod.
	Deletion Kind = "deletion"
	// NodeLost: the node does not answer, or its object is gone.
	NodeLost Kind = "node_lost"
)

// An Outcome is what a disruption cost the callers.
type Outcome string

// The outcomes of disruptions.
const (
	// Moved: the traffic had moved to a successor before.
	Moved Outcome = "moved"
	// Bridged: a successor was ready while the pod still answered.
	Bridged Outcome = "bridged"
	// Gap: for some time no pod was ready.
	Gap Outcome = "gap"
)

// Kinds and Outcomes are all values, for metrics that begin at zero.
var (
	Kinds    = []Kind{Drain, Eviction, Preemption, Deletion, NodeLost}
	Outcomes = []Outcome{Moved, Bridged, Gap}
)

// A Disruption is one that has ended.
type Disruption struct {
	Kind    Kind
	Outcome Outcome
	// Gap is the time from the last ready endpoint to the next. It is 0 unless Outcome is Gap.
	Gap time.Duration
}

// Memory is what is remembered of a Performer from one observation to the next. The zero value remembers
// nothing.
type Memory struct {
	performer types.UID
	pod       types.UID // the pod that serves, or the one that was taken away
	kind      Kind      // of the disruption in progress; empty if there is none
	unready   time.Time // since when no pod is ready, during a disruption; zero if one is
}

// DeletedByOperator returns the memory after the operator deleted a pod. That is no disruption: the operator
// had a reason, such as an upgrade.
func (m Memory) DeletedByOperator(pod types.UID) Memory {
	if m.pod == pod && m.kind == "" {
		m.pod = ""
	}
	return m
}

// Observe returns the memory after an observation, and the disruption that ended with it, or nil.
func (m Memory) Observe(o *performer.Observed) (Memory, *Disruption) {
	p := o.Performer
	if p.DeletionTimestamp != nil || ptr.Deref(p.Spec.Replicas, 1) == 0 {
		return Memory{}, nil
	}
	if m.performer != p.UID {
		m = Memory{performer: p.UID}
	}
	pod, successor := m.find(o)
	if m.pod == "" {
		return m.serving(successor), nil
	}
	if m.kind == "" {
		taken := kindOf(o, pod)
		ended := cmp.Or(taken, announced(o, pod))
		switch {
		case successor == nil && taken == "":
			return m, nil
		case successor == nil:
			m.kind = taken
		case pod != nil && !sameTemplate(pod, successor), ended == "":
			// An upgrade, or a move for a reason of the operator's own.
			return m.serving(successor), nil
		default:
			return m.serving(successor), &Disruption{Kind: ended, Outcome: Moved}
		}
	}
	return m.proceed(o, pod, successor)
}

// proceed returns the memory after an observation during a disruption.
func (m Memory) proceed(o *performer.Observed, pod, successor *corev1.Pod) (Memory, *Disruption) {
	if successor == nil && kindOf(o, pod) == "" && serves(pod) {
		successor = pod // the node came back
		if m.unready.IsZero() {
			return m.serving(pod), nil
		}
	}
	switch {
	case successor != nil && m.unready.IsZero():
		return m.serving(successor), &Disruption{Kind: m.kind, Outcome: Bridged}
	case successor != nil:
		return m.serving(successor), &Disruption{Kind: m.kind, Outcome: Gap, Gap: max(0, o.Now.Sub(m.unready))}
	case m.unready.IsZero() && (pod == nil || !ready(pod)):
		m.unready = o.Now
	}
	return m, nil
}

// serving returns the memory of a pod that serves undisturbed; of none if it is nil.
func (m Memory) serving(pod *corev1.Pod) Memory {
	if pod == nil {
		return Memory{performer: m.performer}
	}
	return Memory{performer: m.performer, pod: pod.UID}
}

// find returns the remembered pod, or nil if it is gone, and another pod that serves and stays, or nil.
func (m Memory) find(o *performer.Observed) (pod, successor *corev1.Pod) {
	for _, p := range o.Pods {
		switch {
		case p.UID == m.pod:
			pod = p
		case successor == nil && serves(p) && kindOf(o, p) == "":
			successor = p
		}
	}
	return pod, successor
}

// kindOf returns what takes the pod away, or "" if it stays. A pod that is nil is gone.
func kindOf(o *performer.Observed, pod *corev1.Pod) Kind {
	if pod == nil {
		return Deletion
	}
	target := ""
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.DisruptionTarget && c.Status == corev1.ConditionTrue {
			target = c.Reason
		}
	}
	node := o.Nodes[pod.Spec.NodeName].State
	switch {
	case node == performer.NodeLost, target == podGC, target == taintManager && !o.NodesKnown:
		return NodeLost
	case target == corev1.PodReasonPreemptionByScheduler:
		return Preemption
	case target == "" && pod.DeletionTimestamp == nil:
		return ""
	case node == performer.NodeDraining:
		return Drain
	case target != "":
		return Eviction
	default:
		return Deletion
	}
}

// announced returns what is to take the pod away later, so that the operator moves it before; "" if nothing is.
func announced(o *performer.Observed, pod *corev1.Pod) Kind {
	switch {
	case pod == nil:
		return ""
	case o.Nodes[pod.Spec.NodeName].State == performer.NodeDraining:
		return Drain
	case o.Evicting(pod) != "":
		return Eviction
	default:
		return ""
	}
}

// Reasons of the condition DisruptionTarget, of k8s.io/kubernetes pkg/controller/podgc and tainteviction.
// Those of the kubelet and of the eviction API need no distinction.
const (
	podGC        = "DeletionByPodGC"
	taintManager = "DeletionByTaintManager"
)

// serves reports whether callers reach the pod, and go on reaching it.
func serves(pod *corev1.Pod) bool {
	return pod != nil && pod.DeletionTimestamp == nil && pod.Labels[render.LabelServing] == render.ServingTrue && ready(pod)
}

// ready reports whether the pod passes its readiness probe, also while it terminates.
func ready(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// sameTemplate reports whether two pods were created for the same revision and resources.
func sameTemplate(a, b *corev1.Pod) bool {
	for _, key := range []string{render.AnnotationRevision, render.AnnotationResources} {
		if a.Annotations[key] != b.Annotations[key] {
			return false
		}
	}
	return true
}
