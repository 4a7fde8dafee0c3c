// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// planCopy replaces a serving pod that is going away, or whose node is lost, while the desired pod can't run. The replacement is
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
	if left := a.NextPod.Sub(a.Now); left > 0 {
		plan.requeueAfter(left)
		return source, nil
	}
	ordinal, recorded := a.nextOrdinal()
	if !recorded {
		status := a.statusWithOrdinal(ordinal)
		if source.endedByItself() {
			status.FailureCount++
		}
		plan.addActions(WriteStatus{Status: status})
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
		case p.alive() && (!p.lost() || a.FailoversHeld != ""):
			return nil
		case source == nil || p.ordinal > source.ordinal:
			source = p
		}
	}
	return source
}

// CopyOf returns a pod that runs what the given one was created to run, under another ordinal, with the
// serving label from the start. It is admitted like any new pod, so nothing that admission, the scheduler
// or the server added is carried over: an injector would mistake its own changes for a finished injection,
// and these may refer to objects that don't exist yet. The copy of a pod whose resize has not finished gets
// the resources that the kubelet reports.
func CopyOf(pod *corev1.Pod, p *v1alpha1.Performer, ordinal int32, now time.Time) *corev1.Pod {
	c := &corev1.Pod{}
	c.Name, c.Namespace = render.PodName(p.Name, ordinal), pod.Namespace
	c.OwnerReferences = slices.Clone(pod.OwnerReferences)
	requested, known := render.RequestedOf(pod)
	wasRequested := func(names []string) func(string) bool {
		return func(name string) bool { return !known || ours(name) || slices.Contains(names, name) }
	}
	c.Labels = only(pod.Labels, wasRequested(requested.Labels))
	c.Annotations = only(pod.Annotations, wasRequested(requested.Annotations))
	// Somebody may have removed them.
	c.Labels[render.LabelApp], c.Labels[render.LabelPerformer], c.Labels[render.LabelManagedBy] = render.AppName, render.LabelValue(p.Name), render.ManagedBy
	delete(c.Annotations, render.AnnotationDrainingSince)
	delete(c.Annotations, render.AnnotationAdmittedImage)
	delete(c.Annotations, render.AnnotationMovedFrom)
	render.SetServing(c, now)

	copySpec(&c.Spec, &pod.Spec)
	original := performerContainer(pod)
	container := copyContainer(original)
	if known {
		container.Image = requested.Image
		c.Spec.Volumes = slices.DeleteFunc(c.Spec.Volumes, func(v corev1.Volume) bool { return !slices.Contains(requested.Volumes, v.Name) })
	} else {
		dropUnmounted(&c.Spec, &container)
	}
	container.VolumeMounts = slices.DeleteFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool {
		return !slices.ContainsFunc(c.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == m.Name })
	})
	if had := performerContainerStatus(pod); c.Annotations[render.AnnotationResources] == resizing && had != nil && had.Resources != nil {
		container.Resources = *had.Resources.DeepCopy()
		c.Annotations[render.AnnotationRequestedResources] = render.RequestedResources{ResourceRequirements: container.Resources}.String()
	} else if recorded, ok := render.ParseRequestedResources(pod); ok && recorded.ResizingTo == nil {
		container.Resources = recorded.ResourceRequirements
	}
	c.Spec.Containers = []corev1.Container{container}
	if slices.Contains(render.Revisions(&p.Spec), c.Annotations[render.AnnotationRevision]) {
		// Its resources are why it is copied: it must not be resized to the desired ones.
		c.Annotations[render.AnnotationResizeRefused] = render.ResourcesHash(&p.Spec)
	}
	return c
}

// ours reports whether a label or an annotation is one that the operator sets.
func ours(key string) bool {
	return key == render.LabelApp || key == render.LabelManagedBy || strings.HasPrefix(key, v1alpha1.GroupName+"/")
}

// only returns the entries whose key satisfies keep.
func only(all map[string]string, keep func(string) bool) map[string]string {
	kept := map[string]string{}
	for key, value := range all {
		if keep(key) {
			kept[key] = value
		}
	}
	return kept
}

// copySpec copies the fields that render.Pod sets, without the containers.
func copySpec(to, from *corev1.PodSpec) {
	from = from.DeepCopy()
	*to = corev1.PodSpec{
		RestartPolicy:                 from.RestartPolicy,
		ServiceAccountName:            from.ServiceAccountName,
		AutomountServiceAccountToken:  from.AutomountServiceAccountToken,
		EnableServiceLinks:            from.EnableServiceLinks,
		ImagePullSecrets:              from.ImagePullSecrets,
		SecurityContext:               from.SecurityContext,
		TerminationGracePeriodSeconds: from.TerminationGracePeriodSeconds,
		Volumes:                       from.Volumes,
		TopologySpreadConstraints:     from.TopologySpreadConstraints,
		NodeSelector:                  from.NodeSelector,
		// The tolerations that admission added stay: it only adds missing ones, and the user's own
		// tolerations of the same taints must stay.
		Tolerations:       from.Tolerations,
		Affinity:          from.Affinity,
		PriorityClassName: from.PriorityClassName,
		RuntimeClassName:  from.RuntimeClassName,
	}
}

// copyContainer copies the fields that render.Pod sets.
func copyContainer(from *corev1.Container) corev1.Container {
	from = from.DeepCopy()
	return corev1.Container{
		Name:                     from.Name,
		Image:                    from.Image,
		ImagePullPolicy:          from.ImagePullPolicy,
		Command:                  from.Command,
		Args:                     from.Args,
		Env:                      from.Env,
		Ports:                    from.Ports,
		Resources:                from.Resources,
		VolumeMounts:             from.VolumeMounts,
		StartupProbe:             from.StartupProbe,
		ReadinessProbe:           from.ReadinessProbe,
		LivenessProbe:            from.LivenessProbe,
		SecurityContext:          from.SecurityContext,
		TerminationMessagePolicy: from.TerminationMessagePolicy,
		Lifecycle:                render.SleepOf(from.Lifecycle),
	}
}

// dropUnmounted removes the volumes that the container does not mount, and the one with the service
// account's token, which admission adds to each pod under a name of its own (kube-api-access-…).
func dropUnmounted(spec *corev1.PodSpec, c *corev1.Container) {
	const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount"
	spec.Volumes = slices.DeleteFunc(spec.Volumes, func(v corev1.Volume) bool {
		return !slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name && m.MountPath != tokenPath })
	})
}
