// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// podContainer is a container of a pod, with its status. Admission may have added containers of any kind.
type podContainer struct {
	*corev1.ContainerStatus
	kind containerKind
}

// A containerKind distinguishes containers as the kubelet does, and the performer container from the
// others.
type containerKind int

const (
	performerKind containerKind = iota
	initKind                    // must succeed before the next container starts
	sidecarKind                 // an init container that keeps running
	otherKind
)

// String returns the kind and the name of the container.
func (c podContainer) String() string {
	switch c.kind {
	case initKind:
		return "init container " + c.Name
	case sidecarKind:
		return "sidecar container " + c.Name
	default:
		return "container " + c.Name
	}
}

// containers yields the containers that have a status: the performer container, then the others in the
// order in which the kubelet starts them.
func (p *assessedPod) containers() iter.Seq[podContainer] {
	return func(yield func(podContainer) bool) {
		own := performerContainerStatus(p.Pod)
		if own != nil && !yield(podContainer{own, performerKind}) {
			return
		}
		for i := range p.Status.InitContainerStatuses {
			c := podContainer{&p.Status.InitContainerStatuses[i], initKind}
			if p.isSidecar(c.Name) {
				c.kind = sidecarKind
			}
			if !yield(c) {
				return
			}
		}
		for i := range p.Status.ContainerStatuses {
			if c := &p.Status.ContainerStatuses[i]; c != own && !yield(podContainer{c, otherKind}) {
				return
			}
		}
	}
}

// isSidecar reports whether the init container of the given name keeps running.
func (p *assessedPod) isSidecar(name string) bool {
	return slices.ContainsFunc(p.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name == name && ptr.Deref(c.RestartPolicy, "") == corev1.ContainerRestartPolicyAlways
	})
}

// containerProblem returns what keeps a container of the pod from running, that of the performer
// container first; nil if there is no such problem.
func (p *assessedPod) containerProblem(now time.Time) *Problem {
	for c := range p.containers() {
		if p.state == podReady && c.State.Running == nil {
			// The Ready condition is newer.
			continue
		}
		if problem := c.problem(p.Pod, now); problem != nil {
			return problem
		}
	}
	return nil
}

// problem interprets the kubelet's waiting reasons, which are not constants of any API:
// k8s.io/kubernetes pkg/kubelet/images/types.go and pkg/kubelet/kuberuntime.
func (c podContainer) problem(pod *corev1.Pod, now time.Time) *Problem {
	which, of := c.String(), " of "+c.String()
	if c.kind == performerKind {
		which, of = "the container", ""
	}
	if w := c.State.Waiting; w != nil {
		switch w.Reason {
		case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
			"ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
			return &Problem{Failing, ReasonImagePullFailed, fmt.Sprintf("Pod %s: image %q%s can't be pulled: %s", pod.Name, c.Image, of, pullFailure(w))}
		case "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
			"PreCreateHookError", "PreStartHookError", "PostStartHookError":
			return &Problem{Failing, ReasonContainerConfigInvalid, fmt.Sprintf("Pod %s: %s can't be created: %s", pod.Name, which, cmp.Or(w.Message, w.Reason))}
		}
	}
	ended := c.crash(now)
	if ended == nil {
		return nil
	}
	logs := fmt.Sprintf("kubectl logs -n %s --previous %s", pod.Namespace, pod.Name)
	if len(pod.Spec.Containers)+len(pod.Spec.InitContainers) > 1 {
		logs += " -c " + c.Name
	}
	return &Problem{Failing, ReasonContainerCrashed, fmt.Sprintf("Pod %s: %s terminated with %s; see %s", pod.Name, which, exitCode(ended), logs)}
}

const (
	// appliedBackOff is the shortest time between a termination and a start that shows that the kubelet
	// delayed the start. It restarts a container at once after the first crash, and after 10 s, 20 s and
	// so on up to 5 min after the following ones.
	appliedBackOff = 8 * time.Second
	// backOffReset is how long a container must run before the kubelet restarts it at once again.
	backOffReset = 10 * time.Minute
	// unknownReason is the reason with which container runtimes report a container whose end they did
	// not see, as after a restart of the node.
	unknownReason = "Unknown"
)

// crash returns how the container terminated, if that is why it does not run or if it keeps crashing;
// else nil.
func (c podContainer) crash(now time.Time) *corev1.ContainerStateTerminated {
	switch state := c.State; {
	case state.Terminated != nil:
		if c.kind == initKind && state.Terminated.ExitCode == 0 {
			return nil
		}
		return state.Terminated
	case state.Running != nil && c.crashLoopLeft(now) == 0, beforeCreation(state.Waiting):
		return nil
	}
	return c.LastTerminationState.Terminated
}

// beforeCreation reports whether a container waits because its pod is being set up, for the first time or
// again after its node was restarted.
func beforeCreation(w *corev1.ContainerStateWaiting) bool {
	return w != nil && (w.Reason == "ContainerCreating" || w.Reason == "PodInitializing")
}

// crashLoopLeft returns how long a running container still counts as crashing; 0 if it does not. A
// container in a crash loop runs for a while after each restart, and may even be ready. The gap before its
// start shows the loop: the kubelet applied a back-off. The first restart has none, so that a gap there
// has another cause, such as a slow image pull.
func (c podContainer) crashLoopLeft(now time.Time) time.Duration {
	running, last := c.State.Running, c.LastTerminationState.Terminated
	if running == nil || last == nil || last.FinishedAt.IsZero() || last.Reason == unknownReason ||
		c.RestartCount < 2 || running.StartedAt.Sub(last.FinishedAt.Time) < appliedBackOff {
		return 0
	}
	// A start ahead of our clock, on a node whose clock is wrong, counts as now.
	ran := max(0, now.Sub(running.StartedAt.Time))
	return max(0, backOffReset-ran)
}

// requeueAfterCrashLoop requests a plan for when a container of the desired pod no longer counts as
// crashing.
func (a *Assessment) requeueAfterCrashLoop(plan *Plan) {
	for c := range a.desiredPod.containers() {
		if left := c.crashLoopLeft(a.Now); left > 0 {
			plan.requeueAfter(left)
		}
	}
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
