// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// planCopy replaces a serving pod that is going away while the desired pod can't run. The replacement is
// a copy of it, created while its object still exists. That pod may be of an earlier
// revision, or of the same revision with earlier resources. planCopy returns the pod to copy, or nil,
// and the copy if it is due now.
func (a *Assessment) planCopy(plan *Plan) (source *assessedPod, due *CopyPod) {
	source = a.findCopySource()
	if source == nil {
		return nil, nil
	}
	if wait := a.retryDelayAfter(source); wait > 0 && source.endedByItself() {
		plan.requeueAfter(wait)
		return source, nil
	}
	ordinal, recorded := a.nextOrdinal()
	if !recorded {
		status := a.statusWithOrdinal(ordinal)
		if source.endedByItself() {
			status.FailureCount++
		}
		plan.addActions(WriteStatus{status})
	}
	return source, &CopyPod{Source: source.Pod, Ordinal: ordinal}
}

// findCopySource returns the pod whose copy should serve, or nil.
func (a *Assessment) findCopySource() *assessedPod {
	served := a.Performer.Status.CurrentRevision
	if a.trafficTarget != nil || served == "" {
		return nil
	}
	var source *assessedPod
	for _, p := range a.pods {
		switch {
		case p.revision() != served, !p.outdated(), p.drains():
			// Another revision, or the desired pod, or one that has a successor already.
		case served == a.revision && imageEdited(p.Pod, a.Performer.Spec.Image):
			// Nothing would distinguish such a copy from the desired pod.
		case p.alive():
			return nil
		case source == nil || p.ordinal > source.ordinal:
			source = p
		}
	}
	return source
}

// CopyOf returns a pod with the spec of the given one, another ordinal, and the serving label from the
// start. What the server, admission or the scheduler set is cleared, so that they set it again. The
// copy of a pod whose resize has not finished gets the resources that the kubelet reports.
func CopyOf(pod *corev1.Pod, p *v1alpha1.Performer, ordinal int32, now time.Time) *corev1.Pod {
	c := &corev1.Pod{Spec: *pod.Spec.DeepCopy()}
	c.Name, c.Namespace = render.PodName(p.Name, ordinal), pod.Namespace
	c.OwnerReferences = slices.Clone(pod.OwnerReferences)
	c.Labels, c.Annotations = map[string]string{}, map[string]string{}
	maps.Copy(c.Labels, pod.Labels)
	maps.Copy(c.Annotations, pod.Annotations)
	// Somebody may have removed them.
	c.Labels[render.LabelApp], c.Labels[render.LabelPerformer], c.Labels[render.LabelManagedBy] = render.AppName, render.LabelValue(p.Name), render.ManagedBy
	delete(c.Annotations, render.AnnotationDrainingSince)
	render.SetServing(c, now)
	if had := performerContainerStatus(pod); c.Annotations[render.AnnotationResources] == resizing && had != nil && had.Resources != nil {
		performerContainer(c).Resources = *had.Resources.DeepCopy()
	}
	if c.Annotations[render.AnnotationRevision] == render.Revision(&p.Spec) {
		// Its resources are why it is copied: it must not be resized to the desired ones.
		c.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&p.Spec)
	}

	c.Spec.NodeName = ""
	c.Spec.Priority = nil // follows from the class
	c.Spec.EphemeralContainers = nil
	// The tolerations that admission added stay: it only adds missing ones, and the user's own
	// tolerations of the same taints must stay.
	dropTokenVolume(&c.Spec)
	return c
}

// dropTokenVolume removes the volume with the service account's token, which admission adds to each
// pod under a name of its own (kube-api-access-…).
func dropTokenVolume(spec *corev1.PodSpec) {
	const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"
	var token string
	for i := range spec.Containers {
		spec.Containers[i].VolumeMounts = slices.DeleteFunc(spec.Containers[i].VolumeMounts, func(m corev1.VolumeMount) bool {
			if m.MountPath == mountPath {
				token = m.Name
			}
			return m.MountPath == mountPath
		})
	}
	spec.Volumes = slices.DeleteFunc(spec.Volumes, func(v corev1.Volume) bool { return token != "" && v.Name == token })
}
