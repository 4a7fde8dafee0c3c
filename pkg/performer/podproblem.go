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

// podProblem says what keeps the pod of v from being ready, in the words of the scheduler or the
// kubelet, or returns nil where it is ready or simply not yet.
func podProblem(v *podView, hardware *v1alpha1.HardwareRequirements) *Problem {
	if message := resizeProblem(v); message != "" {
		return &Problem{Waiting, ReasonResizeDeferred, fmt.Sprintf("Pod %s can't be resized to the requested resources yet: %s", v.Name, message)}
	}
	switch {
	case v.state == podFinished:
		return &Problem{Failing, ReasonPodFailed, fmt.Sprintf("Pod %s ended: %s", v.Name, endOfPod(v.Pod))}
	case v.state != podStarting:
		return nil
	}
	if c := podCondition(v.Pod, corev1.PodScheduled); c != nil && c.Status == corev1.ConditionFalse &&
		c.Reason == corev1.PodReasonUnschedulable {
		reason := ReasonSchedulingFailed
		if asksForHardware(hardware) {
			reason = ReasonHardwareUnavailable
		}
		return &Problem{Waiting, reason, fmt.Sprintf("Pod %s can't be scheduled: %s", v.Name, c.Message)}
	}
	if c := performerContainerStatus(v.Pod); c != nil {
		return containerProblem(v.Name, c)
	}
	return nil
}

func asksForHardware(h *v1alpha1.HardwareRequirements) bool {
	return h != nil && (h.GPUCount > 0 || h.TEERequired || len(h.CustomLabels) > 0)
}

// containerProblem reads the kubelet's waiting reasons, which are not constants of any API:
// k8s.io/kubernetes pkg/kubelet/images/types.go and pkg/kubelet/kuberuntime.
func containerProblem(pod string, c *corev1.ContainerStatus) *Problem {
	if w := c.State.Waiting; w != nil {
		switch w.Reason {
		case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
			"ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
			return &Problem{Failing, ReasonImagePullFailed, fmt.Sprintf("Pod %s: image %q can't be pulled: %s", pod, c.Image, pullFailure(w))}
		case "CreateContainerConfigError", "CreateContainerError", "RunContainerError":
			return &Problem{Failing, ReasonContainerConfigInvalid, fmt.Sprintf("Pod %s: the container can't be created: %s", pod, cmp.Or(w.Message, w.Reason))}
		}
	}
	ended := c.State.Terminated
	if ended == nil {
		ended = c.LastTerminationState.Terminated
	}
	if ended == nil || c.State.Running != nil {
		return nil
	}
	return &Problem{Failing, ReasonContainerCrashed, fmt.Sprintf("Pod %s: the container ended with %s; see kubectl logs --previous %s",
		pod, exit(ended), pod)}
}

// pullFailure makes one text of the two between which the kubelet goes back and forth, the failure
// and the waiting after it, lest the status be written at each turn.
func pullFailure(w *corev1.ContainerStateWaiting) string {
	message := w.Message
	if _, failure, ok := strings.Cut(message, "ErrImagePull: "); ok {
		message = failure
	}
	return cmp.Or(message, w.Reason)
}

func exit(t *corev1.ContainerStateTerminated) string {
	text := fmt.Sprintf("exit code %d", t.ExitCode)
	if t.Reason != "" {
		text += " (" + t.Reason + ")"
	}
	return text
}

// endOfPod says how a pod ended. A kubelet may leave out why it ended one (seen of 1.37, of a pod over its limit of
// ephemeral storage), and tell that in an event alone.
func endOfPod(pod *corev1.Pod) string {
	how := []string{string(pod.Status.Phase), pod.Status.Reason}
	if c := performerContainerStatus(pod); c != nil && c.State.Terminated != nil {
		how = append(how, exit(c.State.Terminated))
	}
	text := strings.Join(nonEmpty(how...), ", ")
	if pod.Status.Message != "" {
		text += ": " + pod.Status.Message
	}
	if pod.Status.Reason == "" {
		text += "; see kubectl events --for pod/" + pod.Name
	}
	return text
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}
