// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// podProblem returns what keeps the desired pod from being ready, or why the pod ended whose successor
// waits; nil if there is no such problem.
func (a *Assessment) podProblem() *Problem {
	hardware := a.Performer.Spec.HardwareRequirements
	if a.desiredPod != nil {
		return a.desiredPod.problem(hardware)
	}
	for _, p := range a.pods {
		if !p.outdated() && p.endedByItself() {
			return p.problem(hardware)
		}
	}
	return nil
}

// problem returns what keeps the pod from being ready, in the words of the scheduler or the kubelet.
// It is nil if the pod is ready, or just needs more time.
func (p *assessedPod) problem(hardware *v1alpha1.HardwareRequirements) *Problem {
	if message := p.resizeProblem(); message != "" {
		return ResizeDeferred(p.Name, message)
	}
	switch {
	case p.state == podFinished:
		return &Problem{Failing, ReasonPodFailed, fmt.Sprintf("Pod %s ended: %s", p.Name, endOfPod(p.Pod))}
	case p.state != podStarting:
		return nil
	}
	if c := podCondition(p.Pod, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionFalse &&
		c.Reason == corev1.PodReasonUnschedulable {
		reason := ReasonSchedulingFailed
		if requiresHardware(hardware) {
			reason = ReasonHardwareUnavailable
		}
		return &Problem{Waiting, reason, fmt.Sprintf("Pod %s is unschedulable: %s", p.Name, c.Message)}
	}
	if c := performerContainerStatus(p.Pod); c != nil {
		return containerProblem(p.Pod, c)
	}
	return nil
}

func requiresHardware(h *v1alpha1.HardwareRequirements) bool {
	return h != nil && (h.GPUCount > 0 || h.TEERequired || len(h.CustomLabels) > 0)
}

// containerProblem interprets the kubelet's waiting reasons, which are not constants of any API:
// k8s.io/kubernetes pkg/kubelet/images/types.go and pkg/kubelet/kuberuntime.
func containerProblem(pod *corev1.Pod, c *corev1.ContainerStatus) *Problem {
	if w := c.State.Waiting; w != nil {
		switch w.Reason {
		case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
			"ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
			return &Problem{Failing, ReasonImagePullFailed, fmt.Sprintf("Pod %s: image %q can't be pulled: %s", pod.Name, c.Image, pullFailure(w))}
		case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
			return &Problem{Failing, ReasonContainerConfigInvalid, fmt.Sprintf("Pod %s: the container can't be created: %s", pod.Name, cmp.Or(w.Message, w.Reason))}
		}
	}
	ended := c.State.Terminated
	if ended == nil {
		ended = c.LastTerminationState.Terminated
	}
	if ended == nil || c.State.Running != nil {
		return nil
	}
	return &Problem{Failing, ReasonContainerCrashed, fmt.Sprintf("Pod %s: the container terminated with %s; see kubectl logs -n %s --previous %s",
		pod.Name, exitCode(ended), pod.Namespace, pod.Name)}
}

// pullFailure returns one text for the two states between which the kubelet alternates, the failure
// and the waiting after it, so that the status isn't written at each change.
func pullFailure(w *corev1.ContainerStateWaiting) string {
	message := w.Message
	if _, failure, ok := strings.Cut(message, "ErrImagePull: "); ok {
		message = failure
	}
	return cmp.Or(message, w.Reason)
}

func exitCode(t *corev1.ContainerStateTerminated) string {
	text := fmt.Sprintf("exit code %d", t.ExitCode)
	if t.Reason != "" {
		text += " (" + t.Reason + ")"
	}
	return text
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
		text += fmt.Sprintf("; see kubectl events -n %s --for pod/%s", pod.Namespace, pod.Name)
	}
	return text
}
