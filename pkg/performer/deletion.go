// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// abandonAfter is how long past its grace period a deletion waits for a pod. A kubelet that lives
// needs seconds; one that does not, never comes back with an answer.
const abandonAfter = 2 * time.Minute

// orphanFinalizer is what the API server puts on an object that is deleted with --cascade=orphan.
const orphanFinalizer = "orphan"

// planDeletion takes down Service and pods, and lets the Performer go when they are gone. Traffic
// stops first, then the pods get their grace period.
func planDeletion(o Observed) Plan {
	var plan Plan
	p := o.Performer
	if !slices.Contains(p.Finalizers, Finalizer) {
		// Others hold it; owner references see to what is left.
		return plan
	}
	done := SetFinalizers{withoutFinalizer(p.Finalizers)}
	if slices.Contains(p.Finalizers, orphanFinalizer) {
		plan.do(done)
		return plan
	}
	if o.Service != nil && o.Service.DeletionTimestamp == nil {
		plan.do(DeleteService{o.Service})
	}
	waiting := false
	for _, pod := range o.Pods {
		if pod.Labels[LabelApp] != AppName {
			// Without, its end is not seen.
			plan.do(PatchPod{pod, map[string]string{LabelApp: AppName}, nil})
		}
		switch {
		case stateOf(pod) != podDying:
			plan.do(DeletePod{pod, DeletedWithPerformer, "the Performer is being deleted"})
			waiting = true
		case o.Now.Before(pod.DeletionTimestamp.Add(abandonAfter)):
			plan.lookAgain(pod.DeletionTimestamp.Add(abandonAfter).Sub(o.Now))
			waiting = true
		default:
			plan.Abandoned = append(plan.Abandoned, pod.Name)
		}
	}
	if !waiting {
		plan.do(done)
		plan.LookAgain = 0
	}
	return plan
}

func planFinalizer(plan *Plan, o Observed, s Settings) {
	finalizers := o.Performer.Finalizers
	has := slices.Contains(finalizers, Finalizer)
	switch {
	case s.WithoutFinalizer && has:
		plan.do(SetFinalizers{withoutFinalizer(finalizers)})
	case !s.WithoutFinalizer && !has:
		plan.do(SetFinalizers{append(slices.Clone(finalizers), Finalizer)})
	}
}

func withoutFinalizer(finalizers []string) []string {
	return slices.DeleteFunc(slices.Clone(finalizers), func(f string) bool { return f == Finalizer })
}

// CopyOf returns a pod with the spec of the given one, another ordinal, and the serving label from the
// start. What the server, admission or the scheduler set is cleared, so that they set it again. Of a pod
// in mid-resize it has the resources that the kubelet reports.
func CopyOf(pod *corev1.Pod, p *v1alpha1.Performer, ordinal int32, now time.Time) *corev1.Pod {
	c := &corev1.Pod{Spec: *pod.Spec.DeepCopy()}
	c.Name, c.Namespace = PodName(p.Name, ordinal), pod.Namespace
	c.OwnerReferences = slices.Clone(pod.OwnerReferences)
	c.Labels, c.Annotations = map[string]string{}, map[string]string{}
	for key, value := range pod.Labels {
		c.Labels[key] = value
	}
	for key, value := range pod.Annotations {
		c.Annotations[key] = value
	}
	// Somebody may have taken them off.
	c.Labels[LabelApp], c.Labels[LabelPerformer], c.Labels[LabelManagedBy] = AppName, labelValue(p.Name), ManagedBy
	delete(c.Annotations, AnnotationDrainingSince)
	setServing(c, now)
	if had := performerContainerStatus(pod); c.Annotations[AnnotationResources] == resizing && had != nil && had.Resources != nil {
		performerContainer(c).Resources = *had.Resources.DeepCopy()
	}
	if c.Annotations[AnnotationRevision] == Revision(&p.Spec) {
		// It is a copy for its resources alone, and must not be given those that are asked for.
		c.Annotations[AnnotationResizeRefused] = ResourcesHash(&p.Spec)
	}

	c.Spec.NodeName = ""
	c.Spec.Priority = nil // follows from the class
	c.Spec.EphemeralContainers = nil
	// The tolerations that admission added stay, since it adds only those that lack: so the user's
	// own of the same taints stay too.
	dropTokenVolume(&c.Spec)
	return c
}

// dropTokenVolume takes out the volume with the service account's token, which admission adds to
// each pod under a name of its own (kube-api-access-…).
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
