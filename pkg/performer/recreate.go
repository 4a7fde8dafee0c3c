// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// planRecreate deletes all pods but the desired one, and creates the desired one once no pod is left.
func (a *Assessment) planRecreate(plan *Plan) {
	if a.desiredPod == nil {
		if wait := a.retryDelay(); wait > 0 {
			plan.requeueAfter(wait)
			return
		}
		if len(a.pods) == 0 {
			a.planSuccessor(plan)
			return
		}
	}
	replacedSameRevision := a.deleteAllButDesired(plan)
	// Written after the deletions, so that a failing deletion doesn't raise the count on every retry. It
	// can't wait for the successor: by then the failed pod is gone.
	failures := a.Performer.Status.FailureCount
	if a.desiredPod == nil {
		failures = max(failures, a.nextFailureCount())
	}
	if replacedSameRevision || failures > a.Performer.Status.FailureCount {
		status := a.afterDeletions(plan.Actions).Status(nil)
		status.FailureCount = failures
		if replacedSameRevision {
			now := metav1Time(a.Now)
			status.LastUpgrade = &now
		}
		plan.addActions(WriteStatus{status})
	}
}

// deleteAllButDesired deletes all pods but the desired one, which starts serving. It reports whether it
// replaces a live pod of the desired revision: the caller must then set lastUpgrade, since the revision
// alone doesn't show the change.
func (a *Assessment) deleteAllButDesired(plan *Plan) (replacedSameRevision bool) {
	for _, p := range a.pods {
		switch {
		case p.state == podDying:
		case p == a.desiredPod:
			if !p.serves() {
				a.startServing(plan, p)
			}
		case p.outdated():
			replacedSameRevision = replacedSameRevision || p.alive() && p.revision() == a.revision
			plan.addActions(DeletePod{p.Pod, DeletedUpgraded, p.outdatedBecause})
		case p.state == podFinished:
			plan.addActions(DeletePod{p.Pod, DeletedEnded, "it failed or completed"})
		default:
			plan.addActions(DeletePod{p.Pod, DeletedDuplicate, "there is another pod of the same revision"})
		}
	}
	return replacedSameRevision
}

// afterDeletions returns the assessment as it will be once the pods that the actions delete are terminating.
func (a *Assessment) afterDeletions(actions []Action) *Assessment {
	o := a.Observed
	o.Pods = slices.Clone(o.Pods)
	for _, action := range actions {
		if deletion, ok := action.(DeletePod); ok {
			dying := deletion.Live.DeepCopy()
			dying.DeletionTimestamp = &metav1.Time{Time: o.Now}
			o.Pods[slices.Index(o.Pods, deletion.Live)] = dying
		}
	}
	return Assess(o, a.settings)
}
