// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// resizeState is the progress of a pod towards the desired resources. Where the API server and the
// node support it, the pod gets them without a restart.
type resizeState int

const (
	resizeNone       resizeState = iota // the pod has them, or can't get them
	resizeNeeded                        // the pod's spec lacks them
	resizeInProgress                    // the pod's spec has them, and the kubelet resizes the container
	resizeDone                          // the container has them; not recorded yet
	resizeRefused                       // the kubelet can't give them; not recorded yet
)

// resizing is the value of AnnotationResources from the beginning of a resize to its end, so that a
// resize that is reverted half way is noticed too.
const resizing = "resizing"

// resizeOf returns the progress of the pod towards the desired resources, whose hash is given. A
// resize is not possible if the cluster refused it, if the node or its kubelet can't, or if anything
// other than CPU and memory would change.
func resizeOf(pod *corev1.Pod, desired corev1.ResourceRequirements, hash string) (state resizeState, possible bool) {
	if pod.Annotations[render.AnnotationResources] == hash {
		return resizeNone, true
	}
	c := performerContainer(pod)
	if c == nil || pod.Annotations[render.AnnotationResizeRefused] == hash || !resizable(c.Resources, desired) {
		return resizeNone, false
	}
	pending := resizeCondition(pod, corev1.PodResizePending)
	status := performerContainerStatus(pod)
	switch {
	case !holds(c.Resources, desired):
		if !kubeletResizes(status) {
			return resizeRefused, false
		}
		return resizeNeeded, true
	case pending != nil && pending.Reason == corev1.PodReasonInfeasible:
		return resizeRefused, false
	case pod.Annotations[render.AnnotationResources] != resizing || pod.Annotations[render.AnnotationResizeRefused] != "":
		// Nothing changed on the pod: the spec writes the same amounts differently, or a resize that
		// the cluster refused was reverted.
		return resizeDone, true
	case !kubeletResizes(status):
		return resizeRefused, false
	case pending != nil, resizeCondition(pod, corev1.PodResizeInProgress) != nil,
		status == nil, status.Resources == nil, !holds(*status.Resources, desired):
		return resizeInProgress, true
	}
	return resizeDone, true
}

// kubeletResizes reports whether the kubelet can resize the container, as far as the status shows. A
// kubelet older than Kubernetes 1.33 leaves the container as it is and reports nothing. One that can
// resize reports the resources of each container that has run, unless the container runtime has lost
// the container: then it reports that the container is being created.
func kubeletResizes(status *corev1.ContainerStatus) bool {
	if status == nil || status.Resources != nil {
		return true
	}
	crashed := status.LastTerminationState.Terminated != nil && status.State.Waiting != nil && status.State.Waiting.Reason == "CrashLoopBackOff"
	return status.State.Running == nil && status.State.Terminated == nil && !crashed
}

// resizeCondition returns a condition that the kubelet set for the latest resize of the pod, if it is
// True; else nil.
func resizeCondition(pod *corev1.Pod, conditionType corev1.PodConditionType) *corev1.PodCondition {
	c := podCondition(pod, conditionType)
	if c == nil || c.Status != corev1.ConditionTrue || 0 < c.ObservedGeneration && c.ObservedGeneration < pod.Generation {
		return nil
	}
	return c
}

// resizingSince reports whether the kubelet performs or defers a resize, and since when. The kubelet
// counts several resizes that it defers one after the other as one.
func (p *assessedPod) resizingSince() (since time.Time, resizing bool) {
	if p.resize != resizeInProgress {
		return since, false
	}
	for _, conditionType := range []corev1.PodConditionType{corev1.PodResizePending, corev1.PodResizeInProgress} {
		if c := resizeCondition(p.Pod, conditionType); c != nil && c.LastTransitionTime.After(since) {
			since, resizing = c.LastTransitionTime.Time, true
		}
	}
	return since, resizing
}

// resizeProblem returns the kubelet's message about why a resize makes no progress, or "".
func (p *assessedPod) resizeProblem() string {
	if p.resize != resizeInProgress {
		return ""
	}
	if c := resizeCondition(p.Pod, corev1.PodResizePending); c != nil {
		return c.Message
	}
	if c := resizeCondition(p.Pod, corev1.PodResizeInProgress); c != nil && c.Reason == corev1.PodReasonError {
		return c.Message
	}
	return ""
}

// resizable reports whether a running pod can get from one set of resources to the other: amounts of
// CPU and memory may change, and nothing may be removed.
func resizable(have, desired corev1.ResourceRequirements) bool {
	for name, quantity := range have.Limits {
		if want, ok := desired.Limits[name]; !ok || !mayChange(name) && quantity.Cmp(want) != 0 {
			return false
		}
	}
	for name, quantity := range have.Requests {
		want, ok := desired.Requests[name]
		if !ok {
			// The API server sets a missing request to the limit.
			want, ok = desired.Limits[name]
		}
		if !ok || !mayChange(name) && quantity.Cmp(want) != 0 {
			return false
		}
	}
	for name := range requests(desired) {
		if _, ok := requests(have)[name]; !ok && !mayChange(name) {
			return false
		}
	}
	return true
}

func mayChange(name corev1.ResourceName) bool {
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory
}

// holds reports whether have contains the desired resources. A missing request equals the limit.
func holds(have, desired corev1.ResourceRequirements) bool {
	for name, want := range desired.Limits {
		if quantity, ok := have.Limits[name]; !ok || quantity.Cmp(want) != 0 {
			return false
		}
	}
	for name, want := range requests(desired) {
		if quantity, ok := have.Requests[name]; !ok || quantity.Cmp(want) != 0 {
			return false
		}
	}
	return true
}

// requests returns the requests as the API server completes them.
func requests(r corev1.ResourceRequirements) corev1.ResourceList {
	all := r.Limits.DeepCopy()
	if all == nil {
		all = corev1.ResourceList{}
	}
	for name, quantity := range r.Requests {
		all[name] = quantity
	}
	return all
}

// recordRefusedResizes records on the pods which resources their kubelets can't give them: once a pod
// has ended, nothing else shows it.
func (a *Assessment) recordRefusedResizes(plan *Plan) {
	for _, p := range a.pods {
		if p.resize == resizeRefused && p.alive() {
			plan.addActions(PatchPod{p.Pod, nil, map[string]string{render.AnnotationResizeRefused: a.resourcesHash}})
		}
	}
}

// planResize takes the desired pod one step nearer to its resources.
func (a *Assessment) planResize(plan *Plan) {
	p := a.desiredPod
	switch p.resize {
	case resizeNeeded:
		if p.Annotations[render.AnnotationResources] != resizing || p.Annotations[render.AnnotationResizeRefused] != "" {
			plan.addActions(PatchPod{p.Pod, nil, map[string]string{render.AnnotationResources: resizing, render.AnnotationResizeRefused: ""}})
		}
		plan.addActions(ResizePod{
			Live:      p.Pod,
			Container: performerContainer(p.Pod).Name,
			Resources: corev1.ResourceRequirements{Limits: a.resources.Limits, Requests: requests(a.resources)},
			Hash:      a.resourcesHash,
		})
	case resizeDone:
		plan.addActions(PatchPod{p.Pod, nil, map[string]string{render.AnnotationResources: a.resourcesHash, render.AnnotationResizeRefused: ""}})
	case resizeNone, resizeInProgress, resizeRefused:
	}
}
