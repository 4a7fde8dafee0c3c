// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// podProblem returns what keeps the desired pod from being ready or from staying so, or why the pod ended
// whose successor waits; nil if there is no such problem.
func (a *Assessment) podProblem() *Problem {
	if a.desiredPod != nil {
		return a.problemOf(a.desiredPod)
	}
	for _, p := range a.pods {
		if !p.outdated() && p.endedByItself() {
			return a.problemOf(p)
		}
	}
	return nil
}

// problemOf returns the problem of the pod, in the words of the scheduler or the kubelet. It is nil if the
// pod is ready, or just needs more time.
func (a *Assessment) problemOf(p *assessedPod) *Problem {
	if message := p.resizeProblem(); message != "" {
		return ResizeDeferred(p.Name, message)
	}
	switch p.state {
	case podFinished:
		return &Problem{Failing, ReasonPodFailed, fmt.Sprintf("Pod %s ended: %s", p.Name, endOfPod(p.Pod))}
	case podDying:
		return nil
	case podStarting:
		if problem := a.schedulingProblem(p); problem != nil {
			return problem
		}
	case podReady:
	}
	return p.containerProblem(a.Now)
}

// schedulingProblem returns what keeps the pod from being scheduled, or nil.
func (a *Assessment) schedulingProblem(p *assessedPod) *Problem {
	c := podCondition(p.Pod, corev1.PodScheduled)
	if c == nil || c.Status != corev1.ConditionFalse {
		return nil
	}
	switch {
	case c.Reason == corev1.PodReasonSchedulingGated && len(p.Spec.SchedulingGates) > 0:
		gates := make([]string, 0, len(p.Spec.SchedulingGates))
		for _, gate := range p.Spec.SchedulingGates {
			gates = append(gates, gate.Name)
		}
		return &Problem{Waiting, ReasonSchedulingGated, fmt.Sprintf("Pod %s is held by the %s: %s; %s",
			p.Name, countNoun("scheduling gate", gates), c.Message, mustBeRemoved(gates))}
	case c.Reason == corev1.PodReasonUnschedulable:
		reason := ReasonSchedulingFailed
		if requiresHardware(a.Performer.Spec.HardwareRequirements) {
			reason = ReasonHardwareUnavailable
		}
		return &Problem{Waiting, reason, fmt.Sprintf("Pod %s is unschedulable: %s%s", p.Name, c.Message, a.roomForTwoPods())}
	}
	return nil
}

// roomForTwoPods explains what a BlueGreen upgrade needs; empty if there is none. The scheduler only sees
// that the new pod finds no room, and not that the old pod takes it.
func (a *Assessment) roomForTwoPods() string {
	oldPodServes := func(p *assessedPod) bool { return p.alive() && p.outdated() && p.serves() }
	if a.usesRecreate() || !slices.ContainsFunc(a.pods, oldPodServes) {
		return ""
	}
	return "; the old Pod serves until the new one is ready, so the upgrade needs room for two Pods: free capacity, or set spec.upgradeStrategy.type to Recreate (with downtime)"
}

func requiresHardware(h *v1alpha1.HardwareRequirements) bool {
	return h != nil && (h.GPUCount > 0 || h.TEERequired || len(h.CustomLabels) > 0)
}

// countNoun returns the noun with the names, in the plural if there are several.
func countNoun(noun string, names []string) string {
	if len(names) > 1 {
		noun += "s"
	}
	return noun + " " + strings.Join(names, ", ")
}

// mustBeRemoved says who must remove finalizers or gates of these names.
func mustBeRemoved(names []string) string {
	if len(names) > 1 {
		return "the controllers that added them must remove them"
	}
	return "the controller that added it must remove it"
}

// endOfPod describes how a pod ended. A kubelet may leave out the reason (1.37 does for a pod over its
// limit of ephemeral storage) and report it in an event alone.
func endOfPod(pod *corev1.Pod) string {
	how := []string{string(pod.Status.Phase), pod.Status.Reason}
	if c := performerContainerStatus(pod); c != nil && c.State.Terminated != nil {
		how = append(how, exitCode(c.State.Terminated))
	}
	how = slices.DeleteFunc(how, func(s string) bool { return s == "" })
	text := strings.Join(how, ", ")
	if pod.Status.Message != "" {
		text += ": " + pod.Status.Message
	}
	if pod.Status.Reason == "" {
		text += "; see " + eventsCommand(pod)
	}
	return text
}

// eventsCommand returns the command that shows the events of the pod.
func eventsCommand(pod *corev1.Pod) string {
	return fmt.Sprintf("kubectl events -n %s --for pod/%s", pod.Namespace, pod.Name)
}
