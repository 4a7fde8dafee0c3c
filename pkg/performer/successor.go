// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// planSuccessor creates the desired pod if there is none. The new pod gets the serving label at creation
// if no other pod has it, or if labels can't be set later.
func (a *Assessment) planSuccessor(plan *Plan) {
	ordinal, recorded := a.nextOrdinal()
	if !recorded {
		status := a.statusWithOrdinal(ordinal)
		status.FailureCount = a.nextFailureCount()
		if a.replacesRunningPod() {
			now := metav1Time(a.Now)
			status.LastUpgrade = &now
		}
		plan.addActions(WriteStatus{Status: status})
	}
	pod := a.newPod(ordinal)
	if moving := a.movingPod(); moving != nil && moving.node.State != NodeUp {
		a.recordMove(pod, moving)
	}
	if !a.anotherServes(nil) || a.podPatchesRefused() {
		render.SetServing(pod, a.Now)
	}
	plan.addActions(CreatePod{pod, ordinal})
}

// podPatchesRefused reports whether the API server refused lately to patch a pod.
func (a *Assessment) podPatchesRefused() bool {
	for write := range a.Refused {
		if write.Verb == VerbPatch && write.Kind == KindPod {
			return true
		}
	}
	return false
}

// newPod renders the desired pod under the given ordinal, without traffic.
func (a *Assessment) newPod(ordinal int32) *corev1.Pod {
	pod := render.Pod(a.Performer, ordinal, a.hardware)
	// The desired revision may be an equivalent one of an earlier operator.
	pod.Annotations[render.AnnotationRevision] = a.revision
	pod.Labels[render.LabelRevision] = render.LabelValue(a.revision)
	if a.RespondsToEvictions() {
		render.AddEvictionResponder(pod, &a.Performer.Spec)
	}
	return pod
}

// replacesRunningPod reports whether a successor is created because the spec changed, and not because
// a pod was lost.
func (a *Assessment) replacesRunningPod() bool {
	return slices.ContainsFunc(a.pods, func(p *assessedPod) bool { return p.alive() && p.outdated() }) &&
		!slices.ContainsFunc(a.pods, func(p *assessedPod) bool { return !p.outdated() })
}

// statusWithOrdinal returns the status with the ordinal of a pod that is about to be created. It
// names no pod that is gone, which shows that the pod of this ordinal may not exist yet (nextOrdinal).
func (a *Assessment) statusWithOrdinal(ordinal int32) v1alpha1.PerformerStatus {
	status := a.Status(a.contention())
	status.PodOrdinal = ordinal
	if a.reportedPod() == nil {
		status.PodName = ""
	}
	return status
}

// nextOrdinal returns the ordinal for a new pod, and whether the status already records it. It does
// if the pod of that ordinal was never reported: the pod may not have been created at all.
func (a *Assessment) nextOrdinal() (ordinal int32, recorded bool) {
	status := &a.Performer.Status
	highest := a.HighestOrdinal()
	if status.PodName != render.PodName(a.Performer.Name, status.PodOrdinal) && highest < status.PodOrdinal {
		return status.PodOrdinal, true
	}
	return max(status.PodOrdinal, highest) + 1, false
}
