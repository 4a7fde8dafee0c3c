// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"cmp"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// waitsFor says what a pod without a problem waits for before it is ready, as far as its status shows.
func (p *assessedPod) waitsFor() string {
	if containers := p.unreadyContainers(); containers != "" {
		return containers
	}
	ready, scheduled := podCondition(p.Pod, corev1.PodReady), podCondition(p.Pod, corev1.PodScheduled)
	started := len(p.Status.ContainerStatuses) > 0 || podConditionTrue(p.Pod, corev1.ContainersReady)
	switch gates := p.unmetReadinessGates(); {
	case started && gates != "":
		return gates
	case ready != nil && ready.Message != "":
		return ready.Message
	case started:
		return "its containers are ready, but its condition Ready is not True: check its node"
	case scheduled == nil || scheduled.Status != corev1.ConditionTrue:
		text := "it is not scheduled"
		if scheduled != nil && scheduled.Message != "" {
			text += ": " + scheduled.Message
		}
		return text + "; see " + eventsCommand(p.Pod)
	}
	return "the kubelet has not started it; see " + eventsCommand(p.Pod)
}

// unreadyContainers says which containers the pod waits for; empty if all are ready.
func (p *assessedPod) unreadyContainers() string {
	var running []podContainer // and not ready
	var waiting *podContainer  // the first one
	for c := range p.containers() {
		switch {
		case c.Ready:
		case c.State.Running != nil && c.kind == initKind:
			return c.String() + " is still running"
		case c.State.Running != nil:
			running = append(running, c)
		case c.State.Waiting != nil && waiting == nil:
			waiting = &c
		}
	}
	if len(running) == 0 && waiting == nil {
		return ""
	}
	if c := podCondition(p.Pod, corev1.PodReadyToStartContainers); len(running) == 0 && c != nil && c.Status == corev1.ConditionFalse {
		return "its volumes, sandbox or network are not set up (condition PodReadyToStartContainers is False); see " + eventsCommand(p.Pod)
	}
	if len(running) == 1 && running[0].kind == performerKind && waiting == nil {
		port, _ := listensOn(p.Pod, render.DefaultGRPCPort)
		return fmt.Sprintf("its container is running but does not answer grpc.health.v1.Health/Check with SERVING on port %d", port)
	}
	var texts []string
	for _, c := range running {
		texts = append(texts, c.String()+" is running but not ready")
	}
	if waiting != nil {
		w := waiting.State.Waiting
		texts = append(texts, fmt.Sprintf("%s is waiting: %s; see %s", waiting, cmp.Or(w.Message, w.Reason), eventsCommand(p.Pod)))
	}
	return strings.Join(texts, ", ")
}

// unmetReadinessGates says which readiness gates of the pod are not True; empty if all are.
func (p *assessedPod) unmetReadinessGates() string {
	var texts []string
	for _, gate := range p.Spec.ReadinessGates {
		c := podCondition(p.Pod, gate.ConditionType)
		switch {
		case c == nil:
			texts = append(texts, fmt.Sprintf("its readiness gate %s has no condition yet", gate.ConditionType))
		case c.Status != corev1.ConditionTrue:
			texts = append(texts, fmt.Sprintf("its readiness gate %s is %s: %s", gate.ConditionType, c.Status, cmp.Or(c.Message, c.Reason, "no message")))
		}
	}
	return strings.Join(texts, ", ")
}

// heldByFinalizers returns the end of a message about an object that is terminating and has finalizers of
// others; empty if it is not held by any.
func heldByFinalizers(kind string, object metav1.Object) string {
	finalizers := object.GetFinalizers()
	if object.GetDeletionTimestamp() == nil || len(finalizers) == 0 {
		return ""
	}
	return fmt.Sprintf("; %s %s is held by %s: %s", kind, object.GetName(), countNoun("finalizer", finalizers), mustBeRemoved(finalizers))
}
