// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// execute executes the first actions of the plan, as an operator that crashes after them, and reports
// the status if these are all. It does what package controller does, and returns how many writes succeeded.
func (w *world) execute(plan Plan, actions int) (written int) {
	problem := plan.Problem
	failures := Failures{}
	for _, action := range plan.Actions[:actions] {
		if failures.Block(action) {
			failures.Add(action)
			continue
		}
		if w.heldBack(action) {
			problem = contended
			failures.Add(action)
			continue
		}
		if refusal := w.perform(action); refusal != nil {
			problem = refusal
			failures.Add(action)
			if w.memory.refused == nil {
				w.memory.refused = map[Write]bool{}
			}
			w.memory.refused[WriteOf(action)] = true
			continue
		}
		delete(w.memory.refused, WriteOf(action))
		if _, dryRun := action.(TryPod); !dryRun {
			written++
		}
	}
	switch {
	case actions < len(plan.Actions):
		w.memory = memory{} // it is gone with the operator
	case !w.policyRefuses(Write{VerbReport, Target{Kind: KindPerformer}}):
		w.p.Status = statusOf(w.observe(), testSettings, problem)
	}
	if w.trouble != nil && w.trouble.undoes != nil {
		w.trouble.undoes(w)
	}
	return written
}

// heldBack counts the repairs while somebody undoes them, and reports whether there were too many.
func (w *world) heldBack(action Action) bool {
	if w.trouble == nil || w.trouble.undoes == nil {
		return false
	}
	var repair string
	switch action.(type) {
	case PatchPod, PatchService, CreateService, AdoptService, AdoptPod, CreateBudget, PatchBudget, SetFinalizers:
		repair = brief(Plan{Actions: []Action{action}})
	default:
		return false
	}
	if w.memory.repaired[repair] >= maxRepairs {
		return true
	}
	if w.memory.repaired == nil {
		w.memory.repaired = map[string]int{}
	}
	w.memory.repaired[repair]++
	return false
}

// perform performs one action, or returns why the API server refuses it.
func (w *world) perform(action Action) *Problem {
	if refusal := w.refusal(action); refusal != nil {
		return refusal
	}
	switch a := action.(type) {
	case CreateService:
		if w.service != nil {
			return &Problem{Terminal, ReasonServiceConflict, "it exists"}
		}
		w.service = a.Service
	case AdoptService:
		w.service = w.service.DeepCopy()
		w.service.OwnerReferences = []metav1.OwnerReference{render.ControllerReference(w.p)}
	case WriteStatus:
		w.p.Status = a.Status
	case TryPod:
	case CreatePod:
		w.create(a.Pod, a.Ordinal)
	case CopyPod:
		if source := w.pod(a.Source.Name); source != nil {
			w.create(CopyOf(source, w.p, a.Ordinal, w.now), a.Ordinal)
		}
	case DeletePod:
		w.checkDeletion(a)
		dying(w.pod(a.Live.Name))
	case AdoptPod:
		w.pod(a.Live.Name).OwnerReferences = []metav1.OwnerReference{render.ControllerReference(w.p)}
	case PatchPod:
		w.patchPod(a)
	case ResizePod:
		if w.trouble != nil && w.trouble.neverResizes {
			w.patchPod(PatchPod{a.Live, nil, map[string]string{render.AnnotationResizeRefused: a.Hash}})
			return nil
		}
		pod := w.pod(a.Live.Name)
		performerContainer(pod).Resources = *a.Resources.DeepCopy()
		pod.Generation++
	case PatchService:
		w.patchService(a.Change)
	case DeleteService:
		for _, name := range w.takesCalls() {
			w.violate("the plan deletes the Service while pod %s takes calls", name)
		}
		w.service = nil
	case CreateBudget, PatchBudget, DeleteBudget:
		w.writeBudget(a)
	case SetFinalizers:
		w.checkRelease()
		w.p.Finalizers = a.Finalizers
	default:
		w.violate("unexpected action %T", action)
	}
	return nil
}

// create creates a pod under the next free name.
func (w *world) create(pod *corev1.Pod, ordinal int32) {
	w.checkCreation(pod, ordinal)
	for w.pod(pod.Name) != nil {
		ordinal++
		pod = pod.DeepCopy()
		pod.Name = render.PodName(w.p.Name, ordinal)
		w.p.Status.PodOrdinal = ordinal
	}
	w.add(pod)
	w.checkRunning()
	if w.trouble != nil && w.trouble.undoes != nil {
		w.memory.created++
		w.memory.delayed = w.memory.created >= 2
	}
}

func (w *world) patchPod(a PatchPod) {
	pod := w.pod(a.Live.Name)
	took := w.takesCalls()
	pod.Labels, pod.Annotations = patched(pod.Labels, a.Labels), patched(pod.Annotations, a.Annotations)
	if len(took) > 0 && len(w.takesCalls()) == 0 && !w.suspended() {
		w.violate("the plan removes the traffic from the last pod that takes calls, %s", pod.Name)
	}
}

// patched returns a map after a merge patch, in which an empty value removes the key.
func patched(have, set map[string]string) map[string]string {
	result := map[string]string{}
	for _, from := range []map[string]string{have, set} {
		for key, value := range from {
			if result[key] = value; value == "" {
				delete(result, key)
			}
		}
	}
	return result
}

func (w *world) patchService(change ServiceChange) {
	w.service = w.service.DeepCopy()
	w.service.Labels = patched(w.service.Labels, change.Labels)
	if change.Selector != nil {
		w.service.Spec.Selector = change.Selector
	}
	if change.Ports != nil {
		w.service.Spec.Ports = change.Ports
	}
}

// policyRefuses reports whether the trouble refuses a write.
func (w *world) policyRefuses(write Write) bool {
	return w.trouble != nil && w.trouble.refuses == Write{write.Verb, Target{Kind: write.Kind}}
}

// refusal returns why a policy refuses the action, or a quota the pod that it creates; nil if it is accepted.
func (w *world) refusal(action Action) *Problem {
	write := WriteOf(action)
	if w.policyRefuses(write) {
		problem := &Problem{Waiting, ReasonPodRefused, fmt.Sprintf("%s %s: policy refuses to %s it", write.Kind, write.Name, write.Verb)}
		if resize, ok := action.(ResizePod); ok {
			problem = ResizeDeferred(resize.Live.Name, "policy refuses to resize it")
		}
		return problem
	}
	free := 0
	switch action.(type) {
	case CreatePod, CopyPod:
	case TryPod:
		free = 1
	default:
		return nil
	}
	counted := len(slices.DeleteFunc(slices.Clone(w.ours()), func(p *corev1.Pod) bool { return stateOf(p) == podFinished }))
	if w.quota < 0 || w.quota > 0 && counted-free >= w.quota {
		return &Problem{Waiting, ReasonPodRefused, "exceeded quota"}
	}
	return nil
}

// orphan replaces the Performer with another one of the same name and spec; its objects stay.
func (w *world) orphan() {
	w.p.UID, w.p.Status, w.p.Finalizers, w.memory = "uid-y", v1alpha1.PerformerStatus{ObservedGeneration: -1}, nil, memory{}
	for _, pod := range w.pods {
		pod.OwnerReferences = nil
	}
	if w.service != nil {
		w.service.OwnerReferences = nil
	}
}
