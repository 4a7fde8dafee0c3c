// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// world is a Performer with its Service and pods, as the API server holds them, and what the operator
// remembers.
type world struct {
	p       *v1alpha1.Performer
	service *corev1.Service
	// pods are all pods of the namespace, those of others included.
	pods []*corev1.Pod
	now  time.Time
	// quota is the number of pods that are allowed, apart from those that have ended; 0 means any
	// number, and -1 means no further pod.
	quota int
	// troubles can begin at any time, one at a time; trouble is the present one, or nil.
	troubles []*trouble
	trouble  *trouble
	memory   memory
	// nodes are the nodes of the cluster by name; nil if the search is not about nodes. drained has the pods
	// that the drain of their node is about, each with that node.
	nodes         map[string]Node
	drained       map[string]string
	budget        *policyv1.PodDisruptionBudget
	failoversHeld string
	// eviction is an Eviction for which the operator is the active responder, or nil.
	eviction *lifecyclev1alpha1.Eviction

	// story is what happened so far, and breach the first property that did not hold; empty if all did.
	story  []string
	breach string
}

// memory is what package controller remembers of a Performer until it is restarted or the spec changes.
type memory struct {
	refused map[Write]bool
	// repaired counts how often a repair was made that somebody undid. There are no more of them than
	// maxRepairs: after that the repair is held back.
	repaired map[string]int
	// created counts the pods that were created one in place of the other, and delayed is whether the next
	// one must wait.
	created int
	delayed bool
}

// maxRepairs is how often the operator repeats a repair before it waits.
const maxRepairs = 3

// step is the time between two steps, long enough for every delay to be over.
const step = time.Hour

func (w *world) clone() *world {
	c := *w
	c.p, c.service, c.now, c.story = w.p.DeepCopy(), w.service.DeepCopy(), w.now.Add(step), slices.Clip(w.story)
	c.memory.refused, c.memory.repaired = maps.Clone(w.memory.refused), maps.Clone(w.memory.repaired)
	c.nodes, c.budget = maps.Clone(w.nodes), w.budget.DeepCopy()
	c.pods = make([]*corev1.Pod, len(w.pods))
	for i, pod := range w.pods {
		c.pods[i] = pod.DeepCopy()
	}
	return &c
}

// record adds to the story.
func (w *world) record(format string, args ...any) {
	w.story = append(w.story, fmt.Sprintf(format, args...))
}

// violate records that a property does not hold.
func (w *world) violate(format string, args ...any) {
	if w.breach == "" {
		w.breach = fmt.Sprintf(format, args...)
	}
}

// key distinguishes worlds by everything that can affect what follows. Of times it has only whether they
// are set, since every delay is over after a step.
func (w *world) key() string {
	var b strings.Builder
	status := &w.p.Status
	fmt.Fprint(&b, w.p.UID, w.p.Spec.Image, w.p.Spec.Resources.Limits.Cpu().Value(), w.suspended(), w.p.Finalizers, w.p.DeletionTimestamp != nil, w.quota,
		status.PodOrdinal, status.PodName, status.ReadyTime != nil, status.FailureCount, status.CurrentRevision, status.UpdateRevision, status.ServiceName, w.memory)
	if w.trouble != nil {
		fmt.Fprint(&b, w.trouble.name)
	}
	if w.nodes != nil {
		fmt.Fprint(&b, w.nodes, w.drained, status.Ready, w.failoversHeld, render.Disruption(&w.p.Spec))
	}
	if w.eviction != nil {
		fmt.Fprint(&b, w.eviction.Spec.Target.Pod.UID)
	}
	if w.budget != nil {
		fmt.Fprint(&b, w.budget.Spec.MinAvailable, w.budget.Labels, len(w.budget.OwnerReferences))
	}
	if s := w.service; s != nil {
		fmt.Fprint(&b, s.Labels, render.ControlledBy(s, w.p), s.OwnerReferences == nil, s.Spec.Type, s.Spec.Selector, s.Spec.Ports)
	}
	pods := make([]string, 0, len(w.pods))
	for _, pod := range w.pods {
		pods = append(pods, w.podKey(pod))
	}
	slices.Sort(pods)
	for _, pod := range pods {
		b.WriteString(pod)
	}
	return b.String()
}

func (w *world) podKey(pod *corev1.Pod) string {
	notes := maps.Clone(pod.Annotations)
	for _, stamp := range []string{render.AnnotationServingSince, render.AnnotationDrainingSince, render.AnnotationResizingSince} {
		if notes[stamp] != "" {
			notes[stamp] = "set"
		}
	}
	delete(notes, render.AnnotationRequested)
	var b strings.Builder
	fmt.Fprint(&b, "\n", pod.Name, stateOf(pod), pod.Generation > 1, render.ControlledBy(pod, w.p), pod.OwnerReferences == nil, pod.Labels, notes,
		len(pod.Spec.InitContainers), len(pod.Spec.SchedulingGates), podCondition(pod, corev1.PodResizePending) != nil, pod.Spec.NodeName, podConditionTrue(pod, corev1.ContainersReady))
	for _, c := range pod.Spec.Containers {
		fmt.Fprint(&b, c.Name, c.Image, c.Resources.Limits.Cpu().Value())
	}
	for _, c := range pod.Status.ContainerStatuses {
		fmt.Fprint(&b, c.Name, c.Resources != nil && c.Resources.Limits.Cpu().Value() > 0, c.Resources != nil)
		if c.Resources != nil {
			fmt.Fprint(&b, c.Resources.Limits.Cpu().Value())
		}
	}
	return b.String()
}

// observe returns an observation in which the endpoint slices are up to date.
func (w *world) observe() Observed {
	o := Observed{Performer: w.p, Pods: w.ours(), Now: w.now, Refused: w.memory.refused, CreatedPods: w.memory.created}
	for _, pod := range w.pods {
		if IsLeaving(pod, w.p) && pod.Labels[render.LabelPerformer] == w.p.Name {
			o.Leaving = append(o.Leaving, pod.Name)
		}
	}
	if w.service != nil && (render.ControlledBy(w.service, w.p) || w.p.DeletionTimestamp == nil && IsOrphan(w.service, w.p)) {
		o.Service = w.service
		o.Endpoints = map[string]bool{}
		selector := labels.SelectorFromSet(w.service.Spec.Selector)
		for _, pod := range w.pods {
			o.Endpoints[pod.Name] = stateOf(pod) == podReady && selector.Matches(labels.Set(pod.Labels))
		}
	}
	if w.memory.delayed {
		o.NextPod = w.now.Add(time.Minute)
	}
	for _, times := range w.memory.repaired {
		if times >= maxRepairs {
			o.Contended = contended
		}
	}
	w.observeNodes(&o)
	return o
}

var contended = &Problem{Waiting, ReasonContended, "somebody changes it each time the operator restores it"}

// ours returns the pods that the controller shows to the rules.
func (w *world) ours() []*corev1.Pod {
	var pods []*corev1.Pod
	for _, pod := range w.pods {
		if render.ControlledBy(pod, w.p) || w.p.DeletionTimestamp == nil && IsOrphan(pod, w.p) {
			pods = append(pods, pod)
		}
	}
	return pods
}

func (w *world) recreates() bool { return w.p.Spec.UpgradeStrategy != nil }

func (w *world) suspended() bool { return ptr.Deref(w.p.Spec.Replicas, 1) == 0 }

func (w *world) pod(name string) *corev1.Pod {
	if i := slices.IndexFunc(w.pods, func(p *corev1.Pod) bool { return p.Name == name }); i >= 0 {
		return w.pods[i]
	}
	return nil
}

// add adds a pod that was just created, as admission changes it.
func (w *world) add(pod *corev1.Pod) {
	pod = pod.DeepCopy()
	pod.UID, pod.Generation, pod.Status = types.UID("uid-"+pod.Name), 1, corev1.PodStatus{Phase: corev1.PodPending}
	for i := range pod.Spec.Containers {
		pod.Spec.Containers[i].Resources = completed(pod.Spec.Containers[i].Resources)
	}
	if w.trouble != nil && w.trouble.injects != nil {
		w.trouble.injects(pod)
	}
	w.pods = append(w.pods, pod)
}

// takesCalls returns the names of the pods of the Performer that take calls, as long as the Service is
// there and as the operator made it.
func (w *world) takesCalls() []string {
	var names []string
	for _, pod := range w.ours() {
		if stateOf(pod) == podReady && pod.Labels[render.LabelServing] == render.ServingTrue {
			names = append(names, pod.Name)
		}
	}
	return names
}

// makeReady has the kubelet start a pod, unless something that was injected into it keeps it from becoming
// ready. It reports whether the pod changed.
func (w *world) makeReady(pod *corev1.Pod) (changed bool) {
	isNew := len(pod.Status.Conditions) == 0
	if !w.schedule(pod) {
		return isNew && pod.Spec.NodeName == ""
	}
	if len(pod.Spec.SchedulingGates) > 0 {
		setPodCondition(pod, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionFalse,
			Reason: corev1.PodReasonSchedulingGated, Message: "Scheduling is blocked due to non-empty scheduling gates"})
		return isNew
	}
	setPodCondition(pod, corev1.PodCondition{Type: corev1.PodScheduled, Status: corev1.ConditionTrue})
	held := w.trouble != nil && w.trouble.holdsPods && meshed(pod)
	status := func(c corev1.Container, ready bool) corev1.ContainerStatus {
		s := corev1.ContainerStatus{Name: c.Name, Image: c.Image, Ready: ready, Resources: c.Resources.DeepCopy()}
		s.State.Running = &corev1.ContainerStateRunning{}
		return s
	}
	pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses = nil, nil
	for _, c := range pod.Spec.InitContainers {
		pod.Status.InitContainerStatuses = append(pod.Status.InitContainerStatuses, status(c, !held))
	}
	for _, c := range pod.Spec.Containers {
		pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses, status(c, !held || c.Name == render.ContainerName))
	}
	if held {
		return isNew
	}
	ready(0)(pod)
	return true
}

// meshed reports whether admission added a container to the pod.
func meshed(pod *corev1.Pod) bool { return len(pod.Spec.Containers)+len(pod.Spec.InitContainers) > 1 }

// unresized returns the container of a running pod that the kubelet has not resized yet, or nil.
func unresized(pod *corev1.Pod) (*corev1.Container, *corev1.ContainerStatus) {
	c, s := performerContainer(pod), performerContainerStatus(pod)
	if stateOf(pod) != podReady || s == nil || s.Resources == nil || holds(*s.Resources, c.Resources) {
		return nil, nil
	}
	return c, s
}

// resize has the kubelet resize a pod, or report why it does not.
func (w *world) resize(pod *corev1.Pod) (changed bool) {
	c, s := unresized(pod)
	if c == nil {
		return false
	}
	if w.trouble != nil && w.trouble.kubelet != nil {
		before := len(pod.Status.Conditions)
		w.trouble.kubelet(pod)
		return len(pod.Status.Conditions) > before
	}
	s.Resources = c.Resources.DeepCopy()
	pod.Status.Conditions = slices.DeleteFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodResizePending })
	return true
}

// cpus sets the CPU limit of the spec.
func (w *world) cpus(n int64) {
	w.p.Spec.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: *resource.NewQuantity(n, resource.DecimalSI)}
}
