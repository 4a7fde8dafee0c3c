// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// resizeState is how far a pod is on the way to the resources that are asked for. On a server and
// node that can, it gets them without a restart.
type resizeState int

const (
	resizeNone    resizeState = iota // it has them, or can't have them
	resizeNeeded                     // the pod's spec lacks them
	resizeActing                     // the pod's spec has them, the kubelet is at it
	resizeDone                       // the container has them; that is yet to be recorded
	resizeRefused                    // the kubelet can't give them; that is yet to be recorded
)

// resizing stands in AnnotationResources from the beginning of a resize to its end, so that one that
// is taken back half way is noticed too.
const resizing = "resizing"

// resizeOf tells how far the pod is on the way to the resources asked for, whose hash is given. It
// is not possible where the cluster has refused, where the node or its kubelet can't, or where
// something else than CPU and memory would change.
func resizeOf(pod *corev1.Pod, asked corev1.ResourceRequirements, hash string) (state resizeState, possible bool) {
	if pod.Annotations[AnnotationResources] == hash {
		return resizeNone, true
	}
	c := performerContainer(pod)
	if c == nil || pod.Annotations[AnnotationResizeRefused] == hash || !resizable(c.Resources, asked) {
		return resizeNone, false
	}
	pending := resizeCondition(pod, corev1.PodResizePending)
	status := performerContainerStatus(pod)
	switch {
	case !holds(c.Resources, asked):
		if !kubeletResizes(status) {
			return resizeRefused, false
		}
		return resizeNeeded, true
	case pending != nil && pending.Reason == corev1.PodReasonInfeasible:
		return resizeRefused, false
	case pod.Annotations[AnnotationResources] != resizing || pod.Annotations[AnnotationResizeRefused] != "":
		// Nothing was changed on the pod: the same was written otherwise, or a resize that the cluster
		// refused is taken back.
		return resizeDone, true
	case !kubeletResizes(status):
		return resizeRefused, false
	case pending != nil, resizeCondition(pod, corev1.PodResizeInProgress) != nil,
		status == nil, status.Resources == nil, !holds(*status.Resources, asked):
		return resizeActing, true
	}
	return resizeDone, true
}

// kubeletResizes tells whether the kubelet can resize the container, as far as its status tells. One
// of before Kubernetes 1.33 leaves the container as it is, and says nothing; those that can resize
// report what each container has that has run, unless the container runtime has lost it: then they
// say that it is being created.
func kubeletResizes(status *corev1.ContainerStatus) bool {
	if status == nil || status.Resources != nil {
		return true
	}
	crashed := status.LastTerminationState.Terminated != nil && status.State.Waiting != nil && status.State.Waiting.Reason == "CrashLoopBackOff"
	return status.State.Running == nil && status.State.Terminated == nil && !crashed
}

// resizeCondition returns a condition that the kubelet has set of the latest resize of the pod, if it
// is true, or nil.
func resizeCondition(pod *corev1.Pod, conditionType corev1.PodConditionType) *corev1.PodCondition {
	c := podCondition(pod, conditionType)
	if c == nil || c.Status != corev1.ConditionTrue || 0 < c.ObservedGeneration && c.ObservedGeneration < pod.Generation {
		return nil
	}
	return c
}

// resizesSince tells whether the kubelet has told of a resize that it is at or puts off, and since
// when. It counts several that it puts off one after the other as one.
func resizesSince(v *podView) (since time.Time, resizes bool) {
	if v.resize != resizeActing {
		return since, false
	}
	for _, conditionType := range []corev1.PodConditionType{corev1.PodResizePending, corev1.PodResizeInProgress} {
		if c := resizeCondition(v.Pod, conditionType); c != nil && c.LastTransitionTime.After(since) {
			since, resizes = c.LastTransitionTime.Time, true
		}
	}
	return since, resizes
}

// resizeProblem returns the kubelet's words for why a resize does not go on, or the empty text.
func resizeProblem(v *podView) string {
	if v.resize != resizeActing {
		return ""
	}
	if c := resizeCondition(v.Pod, corev1.PodResizePending); c != nil {
		return c.Message
	}
	if c := resizeCondition(v.Pod, corev1.PodResizeInProgress); c != nil && c.Reason == corev1.PodReasonError {
		return c.Message
	}
	return ""
}

// resizable tells whether the way from one set of resources to the other is open to a running pod:
// amounts of CPU and memory may change, and nothing may go.
func resizable(have, asked corev1.ResourceRequirements) bool {
	for name, quantity := range have.Limits {
		if want, ok := asked.Limits[name]; !ok || !mayChange(name) && quantity.Cmp(want) != 0 {
			return false
		}
	}
	for name, quantity := range have.Requests {
		want, ok := asked.Requests[name]
		if !ok {
			// The server fills in a request that is not given with the limit.
			want, ok = asked.Limits[name]
		}
		if !ok || !mayChange(name) && quantity.Cmp(want) != 0 {
			return false
		}
	}
	for name := range requests(asked) {
		if _, ok := requests(have)[name]; !ok && !mayChange(name) {
			return false
		}
	}
	return true
}

func mayChange(name corev1.ResourceName) bool {
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory
}

// holds tells whether have gives all that is asked for. A request that is not given is the limit.
func holds(have, asked corev1.ResourceRequirements) bool {
	for name, want := range asked.Limits {
		if quantity, ok := have.Limits[name]; !ok || quantity.Cmp(want) != 0 {
			return false
		}
	}
	for name, want := range requests(asked) {
		if quantity, ok := have.Requests[name]; !ok || quantity.Cmp(want) != 0 {
			return false
		}
	}
	return true
}

// requests returns the requests as the server completes them.
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

// planResizeRefused records on the pods which resources their kubelets can't give them: once they
// have ended nothing else tells.
func planResizeRefused(plan *Plan, p *v1alpha1.Performer, views []podView) {
	for i := range views {
		if v := &views[i]; v.resize == resizeRefused && v.alive() {
			plan.do(PatchPod{v.Pod, nil, map[string]string{AnnotationResizeRefused: ResourcesHash(&p.Spec)}})
		}
	}
}

// planResize takes the pod that is asked for one step nearer to its resources.
func planResize(plan *Plan, o Observed, cur *podView, asked corev1.ResourceRequirements) {
	switch cur.resize {
	case resizeNeeded:
		if cur.Annotations[AnnotationResources] != resizing || cur.Annotations[AnnotationResizeRefused] != "" {
			plan.do(PatchPod{cur.Pod, nil, map[string]string{AnnotationResources: resizing, AnnotationResizeRefused: ""}})
		}
		plan.do(ResizePod{
			Live:      cur.Pod,
			Container: performerContainer(cur.Pod).Name,
			Resources: corev1.ResourceRequirements{Limits: asked.Limits, Requests: requests(asked)},
			Hash:      ResourcesHash(&o.Performer.Spec),
		})
	case resizeDone:
		plan.do(PatchPod{cur.Pod, nil, map[string]string{AnnotationResources: ResourcesHash(&o.Performer.Spec), AnnotationResizeRefused: ""}})
	case resizeNone, resizeActing, resizeRefused:
	}
}
