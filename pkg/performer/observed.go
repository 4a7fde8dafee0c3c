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
	// Pods that the Performer controls, in any order. Those for which NeedsWhole holds are whole,
	// as the API server has them; of the others the controller may have dropped what is not read
	// here.
	Pods []*corev1.Pod
	// Service of the Performer's name, if the Performer controls it; else nil.
	Service *corev1.Service
	// Endpoints holds the names of the pods that the Service's endpoint slices show ready. It is
	// nil where they were not read: NeedsEndpoints says when to, and they may not be allowed to be.
	Endpoints map[string]bool
	// Now is the time of the observation.
	Now time.Time
}

// Settings are the same for every Performer of an installation.
type Settings struct {
	// ClusterDomain is the DNS domain of the cluster, such as cluster.local.
	ClusterDomain string
	// WithoutFinalizer is set where the operator holds Roles in single namespaces only: deleting a
	// namespace may delete the operator's Role before it has removed its finalizers, which would then
	// hold the namespace for ever. Owner references clean up instead.
	WithoutFinalizer bool
	// TEEs are the trusted execution environments that can be asked for, by type in lower case.
	TEEs map[string]TEE
}

// A ProblemKind says who can fix a problem.
type ProblemKind int

const (
	// Waiting: the cluster may fix it by itself, as when a node is added.
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
	// ordinal is that of the pod's name, or -1 for a name that has none, as those of an earlier
	// operator.
	ordinal int32
	state   podState
	// mismatch says in what the pod is not what is asked for now; empty if it is, or can become so
	// without a restart.
	mismatch string
	resize   resizeState
}

func (v *podView) alive() bool {
	return v.state == podStarting || v.state == podReady
}

// serves tells whether the pod has the label by which the Service finds it, or has had it and lost it
// to somebody else than us.
func (v *podView) serves() bool {
	return v.Labels[LabelServing] == ServingTrue ||
		v.Annotations[AnnotationServingSince] != "" && v.Annotations[AnnotationDrainingSince] == ""
}

// drains tells whether the pod has lost its traffic to a successor and answers what is under way.
func (v *podView) drains() bool {
	return !v.serves() && v.Annotations[AnnotationDrainingSince] != ""
}

// revision is what the pod was made from, or empty for one that has not been taken over yet.
func (v *podView) revision() string {
	return v.Annotations[AnnotationRevision]
}

// viewPods judges the pods of o by what is asked for now.
func viewPods(o Observed, s Settings) []podView {
	spec := &o.Performer.Spec
	// Where the hardware can't be, no pod is what is asked for in any case but that of the revision.
	hw, _ := resolveHardware(spec.HardwareRequirements, s.TEEs)
	revision, hash, resources := Revision(spec), ResourcesHash(spec), addResources(spec.Resources, hw.resources)
	views := make([]podView, 0, len(o.Pods))
	for _, pod := range o.Pods {
		view := podView{Pod: pod, ordinal: -1, state: stateOf(pod)}
		if ordinal, ok := podOrdinal(o.Performer.Name, pod.Name); ok {
			view.ordinal = ordinal
		}
		switch {
		case view.revision() != revision:
			view.mismatch = "the spec changed"
		case imageEdited(pod, spec.Image):
			view.mismatch = "the image was changed on the pod"
		default:
			var possible bool
			if view.resize, possible = resizeOf(pod, resources, hash); !possible {
				view.mismatch = "the resources changed in a way that a running pod can't take on"
			}
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
// put in at creation is another thing, and no reason to replace the pod.
func imageEdited(pod *corev1.Pod, asked string) bool {
	c := performerContainer(pod)
	return pod.Generation > 1 && c != nil && c.Image != asked && c.Image != pod.Annotations[AnnotationAdmittedImage]
}

// admittedImage returns the image that admission put in, if that is yet to be noted. It is what a
// pod has whose spec was not changed since it was made: its generation is 1.
func admittedImage(pod *corev1.Pod, asked string) string {
	c := performerContainer(pod)
	if pod.Generation > 1 || c == nil || c.Image == asked || c.Image == pod.Annotations[AnnotationAdmittedImage] {
		return ""
	}
	return c.Image
}

// performerContainer returns the container that answers gRPC: ours, or the first of a pod that an
// earlier operator made.
func performerContainer(pod *corev1.Pod) *corev1.Container {
	for i := range pod.Spec.Containers {
		if c := &pod.Spec.Containers[i]; c.Name == ContainerName {
			return c
		}
	}
	if len(pod.Spec.Containers) > 0 {
		return &pod.Spec.Containers[0]
	}
	return nil
}

// performerContainerStatus returns the status of that container, or nil.
func performerContainerStatus(pod *corev1.Pod) *corev1.ContainerStatus {
	c := performerContainer(pod)
	for i := range pod.Status.ContainerStatuses {
		if status := &pod.Status.ContainerStatuses[i]; c != nil && status.Name == c.Name {
			return status
		}
	}
	return nil
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
		if !v.alive() || v.mismatch != "" {
			continue
		}
		if best == nil || v.state > best.state || v.state == best.state && v.ordinal > best.ordinal {
			best = v
		}
	}
	return best
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
func IsCurrent(p *v1alpha1.Performer, pod *corev1.Pod, s Settings) bool {
	return current(viewPods(Observed{Performer: p, Pods: []*corev1.Pod{pod}}, s)) != nil
}
