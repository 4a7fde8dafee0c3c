// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"
	"time"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// abandonAfter is how long past its grace period a deletion waits for a pod. A kubelet that is alive
// needs seconds; one that is dead never answers.
const abandonAfter = 2 * time.Minute

// orphanFinalizer is what the API server puts on an object that is deleted with --cascade=orphan.
const orphanFinalizer = "orphan"

// planDeletion deletes the pods, then the Service, and removes the finalizer when they are gone. The Service
// stays until every pod is terminating: if a pod may not be deleted, its callers still get through. Then it
// goes, so that the pods receive no new calls while they drain.
func (a *Assessment) planDeletion() Plan {
	var plan Plan
	p := a.Performer
	if !slices.Contains(p.Finalizers, render.Finalizer) {
		// Somebody else's finalizer holds it. Owner references take care of what is left.
		return plan
	}
	release := SetFinalizers{Finalizers: withoutFinalizer(p.Finalizers)}
	if slices.Contains(p.Finalizers, orphanFinalizer) {
		plan.addActions(release)
		return plan
	}
	waiting := false
	var deletions []Write
	for _, pod := range a.pods {
		if name := render.LabelValue(p.Name); pod.Labels[render.LabelPerformer] != name {
			// Without this label its end is not seen.
			plan.addActions(PatchPod{pod.Pod, map[string]string{render.LabelPerformer: name}, nil})
		}
		switch {
		case pod.state != podDying:
			deletion := pod.deletion(DeletedWithPerformer, "the Performer is being deleted")
			deletions = append(deletions, WriteOf(deletion))
			plan.addActions(deletion)
			waiting = true
		case a.Now.Before(pod.DeletionTimestamp.Add(abandonAfter)):
			plan.requeueAfter(pod.DeletionTimestamp.Add(abandonAfter).Sub(a.Now))
			waiting = true
		default:
			plan.Abandoned = append(plan.Abandoned, pod.Name)
		}
	}
	if a.Service != nil && a.Service.DeletionTimestamp == nil {
		deletion := DeleteService{a.Service, deletions}
		release.After = []Write{WriteOf(deletion)}
		plan.addActions(deletion)
	}
	if !waiting {
		plan.addActions(release)
		plan.RequeueAfter = 0
	}
	return plan
}

// planFinalizer sets our finalizer, or removes it where the operator works without.
func (a *Assessment) planFinalizer(plan *Plan) {
	finalizers := a.Performer.Finalizers
	has := slices.Contains(finalizers, render.Finalizer)
	switch {
	case a.settings.WithoutFinalizer && has:
		plan.addActions(SetFinalizers{Finalizers: withoutFinalizer(finalizers)})
	case !a.settings.WithoutFinalizer && !has:
		plan.addActions(SetFinalizers{Finalizers: append(slices.Clone(finalizers), render.Finalizer)})
	}
}

func withoutFinalizer(finalizers []string) []string {
	return slices.DeleteFunc(slices.Clone(finalizers), func(f string) bool { return f == render.Finalizer })
}
