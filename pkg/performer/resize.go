// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
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
// other than CPU and memory would change. The desired resources are compared with those requested before:
// the pod may have other amounts, which admission or an autoscaler gave it.
func resizeOf(pod *corev1.Pod, desired corev1.ResourceRequirements, hash string) (state resizeState, possible bool) {
	if pod.Annotations[render.AnnotationResources] == hash {
		return resizeNone, true
	}
	c := performerContainer(pod)
	if c == nil || pod.Annotations[render.AnnotationResizeRefused] == hash {
		return resizeNone, false
	}
	requested, known := requestedFor(pod, c.Resources)
	if !resizable(accepted(requested, c.Resources), desired, c.Resources) {
		return resizeNone, false
	}
	desired = cpuAndMemory(desired)
	pending := resizeCondition(pod, corev1.PodResizePending)
	status := performerContainerStatus(pod)
	switch {
	case !holds(c.Resources, desired):
		if known && requested.ResizingTo == nil && same(requested.ResourceRequirements, desired) {
			// The pod got these, and somebody else changed them since. Requesting them again might go
			// on without end.
			return resizeDone, true
		}
		if !kubeletResizes(status) {
			return resizeRefused, false
		}
		return resizeNeeded, true
	case pending != nil && pending.Reason == corev1.PodReasonInfeasible:
		return resizeRefused, false
	case pod.Annotations[render.AnnotationResources] != resizing || pod.Annotations[render.AnnotationResizeRefused] != "",
		requested.ResizingTo != nil && !same(*requested.ResizingTo, desired) && !holds(c.Resources, cpuAndMemory(*requested.ResizingTo)):
		// Nothing changed on the pod: the spec writes the same amounts differently, or a resize that
		// was refused was reverted.
		return resizeDone, true
	case !kubeletResizes(status):
		return resizeRefused, false
	case pending != nil, resizeCondition(pod, corev1.PodResizeInProgress) != nil,
		status == nil, status.Resources == nil, !holds(*status.Resources, desired):
		return resizeInProgress, true
	}
	return resizeDone, true
}

// requestedFor returns the resources that were requested for the pod so far. An earlier operator recorded
// only their hash: then requestedFor returns those of the pod's present amounts that have the hash
// together. If none do, it returns all of them, and known is false.
func requestedFor(pod *corev1.Pod, live corev1.ResourceRequirements) (requested render.RequestedResources, known bool) {
	if recorded, ok := render.ParseRequestedResources(pod); ok {
		return recorded, true
	}
	hashed, known := withHash(live, pod.Annotations[render.AnnotationResources])
	if !known {
		hashed = live
	}
	return render.RequestedResources{ResourceRequirements: hashed}, known
}

// withHash returns those of the limits and requests that have the given hash together.
func withHash(all corev1.ResourceRequirements, hash string) (corev1.ResourceRequirements, bool) {
	const most = 10 // limits and requests, of which any combination is tried
	limits, requests := slices.Sorted(maps.Keys(all.Limits)), slices.Sorted(maps.Keys(all.Requests))
	if len(limits)+len(requests) > most {
		return corev1.ResourceRequirements{}, false
	}
	for chosen := range 1 << (len(limits) + len(requests)) {
		some := corev1.ResourceRequirements{Limits: corev1.ResourceList{}, Requests: corev1.ResourceList{}}
		for i, name := range limits {
			if chosen>>i&1 == 1 {
				some.Limits[name] = all.Limits[name]
			}
		}
		for i, name := range requests {
			if chosen>>(len(limits)+i)&1 == 1 {
				some.Requests[name] = all.Requests[name]
			}
		}
		if render.ResourcesHash(&v1alpha1.PerformerSpec{Resources: some}) == hash {
			return some, true
		}
	}
	return corev1.ResourceRequirements{}, false
}

// accepted returns what the API server accepted last, as the live resources show.
func accepted(r render.RequestedResources, live corev1.ResourceRequirements) corev1.ResourceRequirements {
	if r.ResizingTo != nil && holds(live, cpuAndMemory(*r.ResizingTo)) {
		return *r.ResizingTo
	}
	return r.ResourceRequirements
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

// resizingSince reports whether the pod is being resized, and since when. The time is our own: a kubelet
// that does nothing sets no condition.
func (p *assessedPod) resizingSince() (since time.Time, resizing bool) {
	if p.resize != resizeNeeded && p.resize != resizeInProgress {
		return time.Time{}, false
	}
	since = p.annotatedTime(render.AnnotationResizingSince)
	return since, !since.IsZero()
}

// ResizeDeferred returns the problem of a pod that can't be resized now. The message is that of the API
// server or the kubelet.
func ResizeDeferred(pod, message string) *Problem {
	return &Problem{Waiting, ReasonResizeDeferred, fmt.Sprintf("Pod %s can't be resized to the requested resources yet: %s", pod, message)}
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

// resizable reports whether a running pod can get from what was requested before to the desired
// resources: amounts of CPU and memory may change, and nothing that was requested may be removed. A
// resource that was not requested before may also be one that the pod has already.
func resizable(before, desired, live corev1.ResourceRequirements) bool {
	return listResizable(before.Limits, desired.Limits, live.Limits) &&
		listResizable(requests(before), requests(desired), live.Requests)
}

func listResizable(before, desired, live corev1.ResourceList) bool {
	for name := range before {
		if _, ok := desired[name]; !ok {
			return false
		}
	}
	for name, want := range desired {
		had, ok := before[name]
		if !ok {
			had, ok = live[name]
		}
		if !mayChange(name) && (!ok || had.Cmp(want) != 0) {
			return false
		}
	}
	return true
}

func mayChange(name corev1.ResourceName) bool {
	return name == corev1.ResourceCPU || name == corev1.ResourceMemory
}

// cpuAndMemory returns those of the resources that a resize can change.
func cpuAndMemory(r corev1.ResourceRequirements) corev1.ResourceRequirements {
	some := func(all corev1.ResourceList) corev1.ResourceList {
		list := corev1.ResourceList{}
		for name, quantity := range all {
			if mayChange(name) {
				list[name] = quantity
			}
		}
		return list
	}
	return corev1.ResourceRequirements{Limits: some(r.Limits), Requests: some(r.Requests)}
}

// same reports whether two requests mean the same amounts of CPU and memory.
func same(a, b corev1.ResourceRequirements) bool {
	a, b = completed(cpuAndMemory(a)), completed(cpuAndMemory(b))
	return holds(a, b) && holds(b, a)
}

// Changed returns the first of the requested limits and requests that the live pod does not have, such
// as limits.cpu, or "".
func (a ResizePod) Changed(live *corev1.Pod) string {
	c := performerContainer(live)
	for _, list := range []struct {
		name       string
		have, want corev1.ResourceList
	}{{"limits", c.Resources.Limits, a.Resources.Limits}, {"requests", c.Resources.Requests, a.Resources.Requests}} {
		for _, name := range slices.Sorted(maps.Keys(list.want)) {
			if have, ok := list.have[name]; !ok || have.Cmp(list.want[name]) != 0 {
				return list.name + "." + string(name)
			}
		}
	}
	return ""
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

// completed returns the resources with the requests as the API server completes them.
func completed(r corev1.ResourceRequirements) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Limits: r.Limits, Requests: requests(r)}
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

// planResize takes the next step of a resize of the desired pod. The requested resources are recorded on
// the pod before the request is sent, so that a later sync can find out whether the API server accepted it.
func (a *Assessment) planResize(plan *Plan) {
	p := a.desiredPod
	switch p.resize {
	case resizeNeeded:
		c := performerContainer(p.Pod)
		requested, _ := requestedFor(p.Pod, c.Resources)
		record := render.RequestedResources{ResourceRequirements: accepted(requested, c.Resources), ResizingTo: &a.resources}.String()
		if p.Annotations[render.AnnotationResources] != resizing || p.Annotations[render.AnnotationResizeRefused] != "" || !a.recorded(record) {
			plan.addActions(PatchPod{p.Pod, nil, map[string]string{
				render.AnnotationResources:          resizing,
				render.AnnotationRequestedResources: record,
				render.AnnotationResizingSince:      render.Timestamp(a.Now),
				render.AnnotationResizeRefused:      "",
			}})
		}
		plan.addActions(ResizePod{
			Live:      p.Pod,
			Container: c.Name,
			Resources: completed(cpuAndMemory(a.resources)),
			Hash:      a.resourcesHash,
		})
	case resizeInProgress:
		// From now on, any other amounts on the pod were set by somebody else.
		if record := a.requestedResources(); !a.recorded(record) {
			since := p.annotatedTime(render.AnnotationResizingSince)
			if since.IsZero() || since.After(a.Now) {
				since = a.Now
			}
			plan.addActions(PatchPod{p.Pod, nil, map[string]string{
				render.AnnotationRequestedResources: record,
				render.AnnotationResizingSince:      render.Timestamp(since),
			}})
		}
	case resizeDone:
		plan.addActions(PatchPod{p.Pod, nil, map[string]string{
			render.AnnotationResources:          a.resourcesHash,
			render.AnnotationRequestedResources: a.requestedResources(),
			render.AnnotationResizingSince:      "",
			render.AnnotationResizeRefused:      "",
		}})
	case resizeNone, resizeRefused:
	}
}

// requestedResources returns the desired resources in the form in which a pod records them.
func (a *Assessment) requestedResources() string {
	return render.RequestedResources{ResourceRequirements: a.resources}.String()
}

// recorded reports whether the desired pod records these resources, and since when it is being resized.
// A time ahead of our clock would delay the deadline, and is set again.
func (a *Assessment) recorded(requested string) bool {
	since := a.desiredPod.annotatedTime(render.AnnotationResizingSince)
	return a.desiredPod.Annotations[render.AnnotationRequestedResources] == requested && !since.IsZero() && !since.After(a.Now)
}
