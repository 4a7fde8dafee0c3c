// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// An orphan is a Service or a pod that this operator, or the earlier one, created for a Performer of this
// name, and that nobody controls: the Performer was deleted with --cascade=orphan, or a backup was
// restored. The Service of a new Performer would send calls to such a pod, so the new Performer adopts it.

// IsOrphan reports whether object, a Service, a pod or a PodDisruptionBudget, is an orphan for p to adopt. One that is being
// deleted is not, nor is one that only has some of our labels: somebody else may have set them.
func IsOrphan(object metav1.Object, p *v1alpha1.Performer) bool {
	labels := object.GetLabels()
	if metav1.GetControllerOfNoCopy(object) != nil || object.GetDeletionTimestamp() != nil ||
		labels[render.LabelApp] != render.AppName || labels[render.LabelPerformer] != render.LabelValue(p.Name) || labels[render.LabelAVS] == "" {
		return false
	}
	ours := labels[render.LabelManagedBy] == render.ManagedBy
	plain := object.GetName() == render.ServiceName(p.Name)
	switch o := object.(type) {
	case *corev1.Service:
		return plain && o.Spec.Selector[render.LabelPerformer] == labels[render.LabelPerformer]
	case *policyv1.PodDisruptionBudget:
		return plain && ours
	case *corev1.Pod:
		// A pod of the earlier operator has the name of the Service, and no revision until it is adopted.
		_, numbered := render.PodOrdinal(p.Name, o.Name)
		return ours && (numbered || plain) && o.Annotations[render.AnnotationRevision] != "" || plain && !ours
	default:
		return false
	}
}

// IsLeaving reports whether a pod was created for an earlier Performer of the name of p, and is about to go:
// it is being deleted, or the garbage collector will delete it.
func IsLeaving(pod *corev1.Pod, p *v1alpha1.Performer) bool {
	owner := metav1.GetControllerOfNoCopy(pod)
	if owner == nil {
		return pod.DeletionTimestamp != nil
	}
	return earlierOwner(pod, p)
}

// planOrphans adopts the orphans, before anything else is done to them.
func (a *Assessment) planOrphans(plan *Plan) {
	for _, p := range a.pods {
		if p.orphaned(a.Performer) {
			plan.addActions(AdoptPod{p.Pod})
		}
	}
	if a.Service != nil && !render.ControlledBy(a.Service, a.Performer) {
		plan.addActions(AdoptService{a.Service})
	}
}

// orphaned reports whether the pod is not controlled by the Performer yet.
func (p *assessedPod) orphaned(owner *v1alpha1.Performer) bool {
	return !render.ControlledBy(p.Pod, owner)
}

// earlierOwner reports whether the object belongs to an earlier Performer of the same name, and is
// therefore removed by the garbage collector.
func earlierOwner(object metav1.Object, p *v1alpha1.Performer) bool {
	owner := metav1.GetControllerOfNoCopy(object)
	return owner != nil && owner.Kind == "Performer" && owner.Name == p.Name && owner.UID != p.UID
}
