// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// checkDeletion checks that no pod that takes calls is deleted without a successor under BlueGreen.
func (w *world) checkDeletion(a DeletePod) {
	if w.recreates() || w.suspended() || w.p.DeletionTimestamp != nil {
		return
	}
	if slices.Equal(w.takesCalls(), []string{a.Live.Name}) {
		w.violate("BlueGreen: the plan deletes pod %s, which alone takes calls, since %s", a.Live.Name, a.Why)
	}
}

// checkCreation checks that there are never two pods under Recreate, and that no pod is created twice, as
// the pods of two operators would be.
func (w *world) checkCreation(pod *corev1.Pod, ordinal int32) {
	if ours := w.ours(); w.recreates() && len(ours) > 0 {
		w.violate("Recreate: the plan creates pod %s next to %s", pod.Name, ours[0].Name)
	}
	if slices.ContainsFunc(w.ours(), func(p *corev1.Pod) bool { return p.Name == pod.Name }) {
		w.violate("the plan creates pod %s, which exists", pod.Name)
	}
	if recorded := w.p.Status.PodOrdinal; ordinal != recorded {
		w.violate("the plan creates pod %s while ordinal %d is recorded", pod.Name, recorded)
	}
}

// settles checks that everything comes to rest or backs off, with a condition that says why; and that after
// the trouble everything comes to rest as if there had been none.
func (w *world) settles(known knownWorlds) (wrong string) {
	if w.trouble != nil {
		if wrong := w.rests(known, w.unexplained); wrong != "" {
			return wrong
		}
		w.record("there is no longer %s", w.trouble.name)
		w.trouble.end(w)
	}
	return w.rests(known, w.differs)
}

// knownWorlds are the keys of worlds that are known to come to rest as they should. What they lead to need
// not be looked at twice.
type knownWorlds map[string]bool

// mostSyncs is in how many syncs everything must come to rest.
const mostSyncs = 25

// rests lets the operator and the kubelets work, and says what is wrong in the end: nothing if the operator
// writes nothing more, apart from what is refused or held back, and then check finds nothing.
func (w *world) rests(known knownWorlds, check func() (wrong string)) (wrong string) {
	var visited []string
	for range mostSyncs {
		key := w.key()
		if known[key] {
			return ""
		}
		visited = append(visited, key)
		if w.sync() {
			continue
		}
		if wrong = check(); wrong == "" && w.breach == "" {
			for _, key := range visited {
				known[key] = true
			}
		}
		return wrong
	}
	return "it neither comes to rest nor backs off"
}

// unexplained says how the Performer differs from its spec if no condition says why.
func (w *world) unexplained() string {
	differs := w.differs()
	if differs == "" || w.trouble.says == silent {
		return ""
	}
	if w.trouble.says == "" {
		return differs + ", which is no consequence of " + w.trouble.name
	}
	if !w.says(w.trouble.says) {
		return fmt.Sprintf("%s, and no condition says so, while there is %[3]s (%[2]s)", differs, w.conditions(), w.trouble.name)
	}
	if kstatus(w.p, w.p.Status) == "InProgress" {
		return fmt.Sprintf("%s, and it is InProgress forever, while there is %[3]s (%[2]s)", differs, w.conditions(), w.trouble.name)
	}
	return ""
}

// says reports whether the Performer is not Ready, for a reason or with a message that contains the text.
func (w *world) says(text string) bool {
	ready := conditionOf(&w.p.Status, v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionFalse && strings.Contains(w.conditions(), text)
}

// conditions returns the reasons and messages of the conditions that say what is wrong.
func (w *world) conditions() string {
	var texts []string
	for _, c := range w.p.Status.Conditions {
		if c.Type == v1alpha1.ConditionReady || c.Type == v1alpha1.ConditionDegraded {
			texts = append(texts, fmt.Sprintf("%s %s, %s: %s", c.Type, c.Status, c.Reason, c.Message))
		}
	}
	return strings.Join(texts, "; ")
}

// differs says how the Performer differs from its spec; empty if it does not.
func (w *world) differs() string {
	pods := w.present()
	if w.suspended() {
		if len(pods) != 0 || w.service == nil || kstatus(w.p, w.p.Status) != "Current" || w.p.Status.Phase != v1alpha1.PhaseSuspended {
			return fmt.Sprintf("it is not suspended: %d pods, phase %s, %s", len(pods), w.p.Status.Phase, w.conditions())
		}
		return ""
	}
	if len(pods) != 1 {
		return fmt.Sprintf("there are %d pods", len(pods))
	}
	a := Assess(w.observe(), testSettings)
	pod := a.pods[slices.IndexFunc(a.pods, func(p *assessedPod) bool { return p.Pod == pods[0] })]
	switch {
	case pod.outdated() || pod.resize != resizeNone || !holds(performerContainer(pod.Pod).Resources, w.p.Spec.Resources):
		return "the pod is not the desired one"
	case missingPodLabels(w.p, pod) != nil || pod.Labels[render.LabelServing] != render.ServingTrue:
		return "the pod does not have the labels that the Service selects by"
	case a.Service == nil || withoutClusterIP(w.service) != "" || !hasOurSelector(w.p, w.service) || !hasPortOf(w.service, pod):
		return "there is no Service that leads to the pod"
	case !slices.Contains(w.p.Finalizers, render.Finalizer):
		return "there is no finalizer"
	case kstatus(w.p, w.p.Status) != "Current" || w.p.Status.PodName != pod.Name || w.p.Status.Phase != v1alpha1.PhaseRunning:
		return fmt.Sprintf("the status names pod %q, with phase %s, %s", w.p.Status.PodName, w.p.Status.Phase, w.conditions())
	}
	return w.displacement(pod.Pod)
}

// sync is a sync of the operator, after which the kubelets do what they have to. It reports whether anything
// changed.
func (w *world) sync() (changed bool) {
	w.now = w.now.Add(step)
	plan := planOf(w.observe(), testSettings)
	before := w.p.Status.DeepCopy()
	written := w.execute(plan, len(plan.Actions))
	changed = written > 0 || !jsonEqual(before, w.p.Status) || plan.RequeueAfter > 0 && w.trouble == nil
	if changed {
		w.record("  the operator executes [%s]", brief(plan))
	}
	w.pods = slices.DeleteFunc(w.pods, func(p *corev1.Pod) bool {
		gone := p.DeletionTimestamp != nil && w.reachable(p)
		changed = changed || gone
		return gone
	})
	changed = w.evict() || changed
	for _, pod := range w.pods {
		if stateOf(pod) == podStarting && w.makeReady(pod) || w.resize(pod) {
			changed = true
		}
	}
	return changed
}

// repeats returns the plan whose writes the operator repeats while every pod is refused; empty if it writes
// nothing more.
func (w *world) repeats() string {
	if w.trouble != nil {
		return ""
	}
	w.quota = -1
	for range 4 {
		plan := planOf(w.observe(), testSettings)
		if w.execute(plan, len(plan.Actions)) == 0 {
			return ""
		}
	}
	return brief(planOf(w.observe(), testSettings))
}

// deletes deletes the Performer, and says what is wrong then: callers are not cut off before it is known
// that their pod may go, a condition says what is refused, and in the end everything is gone.
func (w *world) deletes(known knownWorlds) (wrong string) {
	w.record("a user deletes the Performer")
	w.now = testNow // no terminating pod has exceeded its grace period
	w.p.DeletionTimestamp = &metav1.Time{Time: w.now}
	if w.released(known) {
		return ""
	}
	if w.trouble != nil {
		if w.trouble.says != silent && !w.says(w.trouble.says) {
			return fmt.Sprintf("it is not deleted, and no condition says why, while there is %s (%s)", w.trouble.name, w.conditions())
		}
		w.record("there is no longer %s", w.trouble.name)
		w.trouble.end(w)
	}
	if !w.released(known) {
		return "the finalizer is never removed"
	}
	return ""
}

// released lets the operator delete the Service and the pods, and reports whether it removes its finalizer.
func (w *world) released(known knownWorlds) bool {
	var visited []string
	for range 5 {
		key := w.key()
		if known[key] || !slices.Contains(w.p.Finalizers, render.Finalizer) {
			for _, key := range visited {
				known[key] = w.breach == ""
			}
			return true
		}
		visited = append(visited, key)
		plan := planOf(w.observe(), testSettings)
		w.record("  the operator executes [%s]", brief(plan))
		w.execute(plan, len(plan.Actions))
		w.pods = slices.DeleteFunc(w.pods, func(p *corev1.Pod) bool { return p.DeletionTimestamp != nil })
	}
	return false
}

// checkRelease checks that the finalizer of a Performer that is being deleted is not removed too early.
func (w *world) checkRelease() {
	if o := w.observe(); w.p.DeletionTimestamp != nil && (o.Service != nil || len(o.Pods) > 0) {
		w.violate("the finalizer is removed while the Service or pods exist")
	}
}
