// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/test/harness/kubelet"
)

// checkNoGap checks that the Service of the Performer, once it has led to a ready pod, always did,
// by the labels of the pods and by the endpoint slices.
func (h *history) checkNoGap(name string) {
	h.Helper()
	var served, shown bool
	for _, m := range h.moments() {
		has := len(m.reached(name)) > 0
		if served && !has {
			h.Errorf("%s: the Service selects no ready pod after %s changed: %s", name, m.changed.key, m.describe(name))
		}
		served = has
		has = len(m.shown(name)) > 0
		if shown && !has {
			h.Errorf("%s: the endpoint slice shows no ready pod after %s changed: %s", name, m.changed.key, m.describe(name))
		}
		shown = has
	}
	if !served {
		h.Errorf("%s: nothing serves in the end", name)
	}
}

func (m *moment) describe(name string) string {
	text := ""
	for _, pod := range m.pods(name) {
		text += fmt.Sprintf("%s ready=%v; ", kubelet.Describe(pod), podReady(pod))
	}
	return text
}

// recent is how many versions of a Performer its status may lag behind. The operator observes the
// pods a moment before it writes the status, and a user may write in between.
const recent = 3

// checkStatuses checks every status that the Performer had.
func (h *history) checkStatuses(name string) {
	h.Helper()
	var since []int // moments of the Performer's versions
	var last int64 = -1
	all := h.moments()
	for i, m := range all {
		p, ok := m.changed.object.(*v1alpha1.Performer)
		if !ok || p.Name != name {
			continue
		}
		since = append(since, i)
		window := all[since[max(0, len(since)-1-recent)] : i+1]
		for _, complaint := range violations(p, window, last) {
			h.Errorf("%s, version %d, generation %d: %s\n%+v\n%s", name, m.changed.number, p.Generation, complaint, p.Status, m.describe(name))
		}
		last = max(last, p.Status.ObservedGeneration)
	}
	if len(since) == 0 {
		h.Errorf("no version of %s was seen", name)
	}
}

// violations returns what is wrong with a status.
func violations(p *v1alpha1.Performer, window []moment, observedBefore int64) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	status := &p.Status
	if status.ObservedGeneration < observedBefore {
		complain("observedGeneration goes back from %d", observedBefore)
	}
	if status.ObservedGeneration > p.Generation {
		complain("observedGeneration is ahead of the generation")
	}
	seen := func(holds func(*moment, *corev1.Pod) bool) bool {
		return slices.ContainsFunc(window, func(m moment) bool {
			return slices.ContainsFunc(m.pods(p.Name), func(pod *corev1.Pod) bool { return holds(&m, pod) })
		})
	}
	if status.ObservedGeneration >= 0 && status.Ready && !seen(func(_ *moment, pod *corev1.Pod) bool { return podReady(pod) }) {
		complain("ready, and there is no ready pod")
	}
	if kstatus(p) == kstatusCurrent && !seen(func(m *moment, pod *corev1.Pod) bool {
		return slices.Contains(m.reached(p.Name), pod) && pod.Annotations[render.AnnotationRevision] == render.Revision(&p.Spec)
	}) {
		complain("Current for kstatus, and no pod of this generation serves")
	}
	if status.ObservedGeneration < 0 {
		return complaints // written by an earlier operator
	}
	var types []string
	for _, c := range status.Conditions {
		types = append(types, c.Type)
		if c.Reason == "" || c.Message == "" {
			complain("%s has reason %q and message %q", c.Type, c.Reason, c.Message)
		}
		if c.ObservedGeneration != status.ObservedGeneration {
			complain("%s is of generation %d", c.Type, c.ObservedGeneration)
		}
		if (c.Type == v1alpha1.ConditionReconciling || c.Type == v1alpha1.ConditionStalled) && c.Status != metav1.ConditionTrue {
			complain("%s is present and not true", c.Type)
		}
	}
	settled := []string{v1alpha1.ConditionAvailable, v1alpha1.ConditionProgressing, v1alpha1.ConditionDegraded, v1alpha1.ConditionReady}
	want := slices.Clone(settled)
	for _, c := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if slices.Contains(types, c) {
			want = slices.Insert(slices.Clone(settled), 3, c)
		}
	}
	if !slices.Equal(types, want) {
		complain("the conditions are %v", types)
	}
	if ready := apimeta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady); ready && !status.Ready {
		complain("the condition Ready is true and the field is not")
	} else if ready != (len(types) == len(settled)) {
		complain("Ready is %v together with %v", ready, types)
	}
	if available := apimeta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionAvailable); available != status.Ready {
		complain("the condition Available is %v and the field ready is %v", available, status.Ready)
	}
	if status.Phase == "" || status.UpdateRevision == "" {
		complain("phase %q, updateRevision %q", status.Phase, status.UpdateRevision)
	}
	return complaints
}

// The statuses that kstatus computes for an object.
const (
	kstatusCurrent     = "Current"
	kstatusInProgress  = "InProgress"
	kstatusFailed      = "Failed"
	kstatusTerminating = "Terminating"
)

// kstatus computes the status that Helm and Flux wait for, by the rules of sigs.k8s.io/cli-utils
// for an unknown kind.
func kstatus(p *v1alpha1.Performer) string {
	switch {
	case p.DeletionTimestamp != nil:
		return kstatusTerminating
	case p.Status.ObservedGeneration != p.Generation:
		return kstatusInProgress
	}
	for _, c := range p.Status.Conditions {
		switch {
		case c.Type == "Reconciling" && c.Status == metav1.ConditionTrue:
			return kstatusInProgress
		case c.Type == "Stalled" && c.Status == metav1.ConditionTrue:
			return kstatusFailed
		}
	}
	if c := apimeta.FindStatusCondition(p.Status.Conditions, "Ready"); c != nil && c.Status != metav1.ConditionTrue {
		return kstatusInProgress
	}
	return kstatusCurrent
}
