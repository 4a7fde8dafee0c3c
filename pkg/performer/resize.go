// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// resizeState is how far a pod is on the way to the resources that are asked for. On a server and
// node that can, it gets them without a restart.
type resizeState int

const (
	resizeNone   resizeState = iota // it has them
	resizeNeeded                    // the pod's spec lacks them
	resizeActing                    // the pod's spec has them, the kubelet is at it
	resizeDone                      // the container has them; that is yet to be recorded
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
	status := performerContainerStatus(pod)
	// A kubelet of before Kubernetes 1.33 leaves the container as it is, and says nothing. Those that
	// can resize report what each running container has.
	able := status == nil || status.State.Running == nil || status.Resources != nil
	if !holds(c.Resources, asked) {
		if !able {
			return resizeNone, false
		}
		return resizeNeeded, true
	}
	if pod.Annotations[AnnotationResources] != resizing || pod.Annotations[AnnotationResizeRefused] != "" {
		// Nothing was changed on the pod: the same was written otherwise, or a resize that the cluster
		// refused is taken back.
		return resizeDone, true
	}
	if !able {
		return resizeNone, false
	}
	if pending := podCondition(pod, corev1.PodResizePending); pending != nil && pending.Status == corev1.ConditionTrue {
		return resizeActing, pending.Reason != corev1.PodReasonInfeasible
	}
	if podConditionTrue(pod, corev1.PodResizeInProgress) || status == nil || status.Resources == nil || !holds(*status.Resources, asked) {
		return resizeActing, true
	}
	return resizeDone, true
}

// resizesSince tells whether the kubelet is at a resize of the pod, and since when.
func resizesSince(v *podView) (since time.Time, resizes bool) {
	if v.resize != resizeActing {
		return since, false
	}
	for _, conditionType := range []corev1.PodConditionType{corev1.PodResizePending, corev1.PodResizeInProgress} {
		if c := podCondition(v.Pod, conditionType); c != nil && c.Status == corev1.ConditionTrue && c.LastTransitionTime.After(since) {
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
	if podConditionTrue(v.Pod, corev1.PodResizePending) {
		return podCondition(v.Pod, corev1.PodResizePending).Message
	}
	if c := podCondition(v.Pod, corev1.PodResizeInProgress); c != nil && c.Status == corev1.ConditionTrue && c.Reason == corev1.PodReasonError {
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
	case resizeNone, resizeActing:
	}
}
