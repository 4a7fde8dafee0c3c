// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// podState is the stage of a pod's life, as far as decisions depend on it. Of two live pods, the one
// with the greater state is the better one to keep.
type podState int

const (
	podStarting podState = iota // alive, and not ready (yet)
	podReady                    // ready for calls
	podFinished                 // Failed or Succeeded
	podDying                    // being deleted
)

// assessedPod is a pod of an Assessment.
type assessedPod struct {
	*corev1.Pod
	// ordinal is the number at the end of the pod's name, or -1 for a name without one, as the
	// earlier operator gave.
	ordinal int32
	state   podState
	// outdatedBecause says how the pod differs from the spec; empty if it matches, or can be made to
	// match without a restart.
	outdatedBecause string
	resize          resizeState
	// node is the node that the pod must leave, because that is being drained or is lost; its state is
	// NodeUp if the pod may stay.
	node Node
	// eviction is the name of the Eviction for which the pod must leave its node; empty if there is none, or if
	// the node is a reason by itself.
	eviction string
}

func (a *Assessment) assessPod(pod *corev1.Pod) *assessedPod {
	p := &assessedPod{Pod: pod, ordinal: -1, state: stateOf(pod), node: a.displacedBy(pod)}
	if p.lost() && p.state == podReady && a.FailoversHeld == "" {
		// Kubernetes is about to say so too.
		p.state = podStarting
	}
	if p.node.State == NodeUp {
		p.eviction = a.Evicting(pod)
	}
	if ordinal, ok := render.PodOrdinal(a.Performer.Name, pod.Name); ok {
		p.ordinal = ordinal
	}
	switch {
	case p.revision() != a.revision:
		p.outdatedBecause = "the spec changed"
	case imageEdited(pod, a.Performer.Spec.Image):
		p.outdatedBecause = "the image was changed on the pod"
	default:
		var possible bool
		if p.resize, possible = resizeOf(pod, a.resources, a.resourcesHash); !possible {
			p.outdatedBecause = "the resources changed in a way that a running pod can't take on"
		}
	}
	return p
}

func (p *assessedPod) alive() bool {
	return p.state == podStarting || p.state == podReady
}

// outdated reports whether the pod must be replaced to match the spec.
func (p *assessedPod) outdated() bool { return p.outdatedBecause != "" }

// serves reports whether the pod has the label that the Service selects by, or lost it to somebody
// other than the operator.
func (p *assessedPod) serves() bool {
	return p.Labels[render.LabelServing] == render.ServingTrue ||
		p.Annotations[render.AnnotationServingSince] != "" && p.Annotations[render.AnnotationDrainingSince] == ""
}

// drains reports whether the pod lost its traffic to a successor and finishes the calls in flight.
func (p *assessedPod) drains() bool {
	return !p.serves() && p.Annotations[render.AnnotationDrainingSince] != ""
}

// revision is the revision that the pod was created from, or empty for a pod of the earlier operator
// that has not been adopted yet.
func (p *assessedPod) revision() string {
	return p.Annotations[render.AnnotationRevision]
}

// deletion returns the action that deletes the pod.
func (p *assessedPod) deletion(reason DeleteReason, why string) DeletePod {
	return DeletePod{Live: p.Pod, Reason: reason, Why: why}
}

// annotatedTime returns the time in an annotation that render.Timestamp wrote. A value that is not a
// time counts as long ago.
func (p *assessedPod) annotatedTime(annotation string) time.Time {
	t, err := time.Parse(time.RFC3339, p.Annotations[annotation])
	if err != nil {
		return time.Time{}
	}
	return t
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

// imageEdited reports whether somebody changed the image of a live pod. An image that admission
// substituted at creation is a different matter, and no reason to replace the pod.
func imageEdited(pod *corev1.Pod, desired string) bool {
	c := performerContainer(pod)
	return pod.Generation > 1 && c != nil && c.Image != desired && c.Image != pod.Annotations[render.AnnotationAdmittedImage]
}

// unrecordedAdmittedImage returns the image that admission substituted, if that is not recorded on
// the pod yet. It is the image of a pod whose spec did not change since creation: generation 1.
func unrecordedAdmittedImage(pod *corev1.Pod, desired string) string {
	c := performerContainer(pod)
	if pod.Generation > 1 || c == nil || c.Image == desired || c.Image == pod.Annotations[render.AnnotationAdmittedImage] {
		return ""
	}
	return c.Image
}

// performerContainer returns the container that answers gRPC: ours, or the first one of a pod of the
// earlier operator.
func performerContainer(pod *corev1.Pod) *corev1.Container {
	for i := range pod.Spec.Containers {
		if c := &pod.Spec.Containers[i]; c.Name == render.ContainerName {
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

// PodReady reports whether the pod is ready for calls.
func PodReady(pod *corev1.Pod) bool { return stateOf(pod) == podReady }

func podConditionTrue(pod *corev1.Pod, conditionType corev1.PodConditionType) bool {
	c := podCondition(pod, conditionType)
	return c != nil && c.Status == corev1.ConditionTrue
}

// readySince returns when a ready pod became ready.
func readySince(pod *corev1.Pod) time.Time {
	if ready := podCondition(pod, corev1.PodReady); ready != nil {
		return ready.LastTransitionTime.Time
	}
	return time.Time{}
}
