// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// Observed is all that a decision rests on.
type Observed struct {
	// Performer as last seen. It is never nil and never changed here.
	Performer *v1alpha1.Performer
	// Pods that the Performer controls, in any order.
	Pods []*corev1.Pod
	// Service of the Performer's name, if the Performer controls it; else nil.
	Service *corev1.Service
	// Now is the time of the observation.
	Now time.Time
}

// Settings are the same for every Performer of an installation.
type Settings struct {
	// ClusterDomain is the DNS domain of the cluster, such as cluster.local.
	ClusterDomain string
	// WithoutFinalizer is set where the operator holds Roles in single namespaces only: the deletion
	// of a namespace may take its permission before it is done, and the finalizer would then hold
	// the namespace for ever. Owner references clean up instead.
	WithoutFinalizer bool
}

// A ProblemKind says who can mend a problem.
type ProblemKind int

const (
	// Waiting: the cluster may mend it by itself, as when a node is added.
	Waiting ProblemKind = iota
	// Failing: the workload itself fails, and is tried again.
	Failing
	// Terminal: nothing helps but a change by somebody.
	Terminal
)

// A Problem is why a Performer is not what is asked.
type Problem struct {
	Kind ProblemKind
	// Reason is one of the Reason constants.
	Reason string
	// Message names what is wrong and what would be right. It is the same each time that the same
	// is wrong, for it goes into a condition.
	Message string
}

// podState is where a pod is in its life, as far as decisions go. Of living pods, the greater is the
// better one to keep.
type podState int

const (
	podStarting podState = iota // alive, and does not take calls (yet)
	podReady                    // takes calls
	podFinished                 // ended by itself: Failed or Succeeded
	podDying                    // being deleted
)

// podView is a pod seen with what is asked for now beside it.
type podView struct {
	*corev1.Pod
	ordinal int32
	state   podState
	// mismatch says in what the pod is not what is asked for now; empty if it is.
	mismatch string
}

func (v podView) alive() bool {
	return v.state == podStarting || v.state == podReady
}

// viewPods judges the pods of o by what is asked for now. Pods whose names have no ordinal are not
// of this operator's making and come with the ordinal -1.
func viewPods(o Observed) []podView {
	revision, resources := Revision(&o.Performer.Spec), ResourcesHash(&o.Performer.Spec)
	views := make([]podView, 0, len(o.Pods))
	for _, pod := range o.Pods {
		view := podView{Pod: pod, ordinal: -1, state: stateOf(pod)}
		if ordinal, ok := podOrdinal(o.Performer.Name, pod.Name); ok {
			view.ordinal = ordinal
		}
		switch {
		case pod.Annotations[AnnotationRevision] != revision:
			view.mismatch = "the spec changed"
		case pod.Annotations[AnnotationResources] != resources:
			view.mismatch = "the resources changed"
		case imageEdited(pod, o.Performer.Spec.Image):
			view.mismatch = "the image was changed on the pod"
		}
		views = append(views, view)
	}
	return views
}

func stateOf(pod *corev1.Pod) podState {
	switch {
	case pod.DeletionTimestamp != nil:
		return podDying
	case pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded:
		return podFinished
	case podConditionTrue(pod, corev1.PodReady):
		return podReady
	default:
		return podStarting
	}
}

// imageEdited tells whether somebody changed the image of a living pod. An image that admission
// rewrote at creation is another thing, and no reason to replace the pod: only a pod whose spec has
// been changed since (its generation is above 1) is judged.
func imageEdited(pod *corev1.Pod, asked string) bool {
	if pod.Generation <= 1 {
		return false
	}
	for i := range pod.Spec.Containers {
		if c := &pod.Spec.Containers[i]; c.Name == ContainerName {
			return c.Image != asked
		}
	}
	return false
}

func podCondition(pod *corev1.Pod, conditionType corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == conditionType {
			return c
		}
	}
	return nil
}

func podConditionTrue(pod *corev1.Pod, conditionType corev1.PodConditionType) bool {
	c := podCondition(pod, conditionType)
	return c != nil && c.Status == corev1.ConditionTrue
}

// current returns the pod that is what is asked for now, or nil. Should there be several, it is one
// that is ready, and the newest of those.
func current(views []podView) *podView {
	var best *podView
	for i := range views {
		v := &views[i]
		if !v.alive() || v.mismatch != "" || v.ordinal < 0 {
			continue
		}
		if best == nil || v.state > best.state || v.state == best.state && v.ordinal > best.ordinal {
			best = v
		}
	}
	return best
}

// serving returns the pod that takes calls now, the current one if it does, or nil.
func serving(views []podView) *podView {
	if cur := current(views); cur != nil && cur.state == podReady {
		return cur
	}
	for i := range views {
		if v := &views[i]; v.state == podReady && v.Labels[LabelServing] == ServingTrue {
			return v
		}
	}
	return nil
}

// HighestOrdinal returns the highest ordinal among the pods of o, or -1. One that is above the
// status's podOrdinal proves that the Performer as observed is out of date, or its status lost.
func HighestOrdinal(o Observed) int32 {
	highest := int32(-1)
	for _, pod := range o.Pods {
		if ordinal, ok := podOrdinal(o.Performer.Name, pod.Name); ok {
			highest = max(highest, ordinal)
		}
	}
	return highest
}

// IsCurrent tells whether pod is what p asks for now, and alive.
func IsCurrent(p *v1alpha1.Performer, pod *corev1.Pod) bool {
	return current(viewPods(Observed{Performer: p, Pods: []*corev1.Pod{pod}})) != nil
}
