// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// planRecreate creates the desired pod once all others are gone.
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
	sameRevision := a.deleteAllButDesired(plan)
	// Recorded after the deletions, so that it is not recorded again and again while these fail. When
	// the successor is created, no pod is left that would show it.
	failures := a.Performer.Status.FailureCount
	if a.desiredPod == nil {
		failures = max(failures, a.nextFailureCount())
	}
	if sameRevision || failures > a.Performer.Status.FailureCount {
		status := a.afterDeletions(plan.Actions).Status(nil)
		status.FailureCount = failures
		if sameRevision {
			now := metav1Time(a.Now)
			status.LastUpgrade = &now
		}
		plan.add(WriteStatus{status})
	}
}

// deleteAllButDesired deletes the pods next to the desired one, which gets the traffic. It reports
// whether one of them is alive and of the desired revision, so that the revision alone does not show
// that it is replaced.
func (a *Assessment) deleteAllButDesired(plan *Plan) (sameRevision bool) {
	for _, p := range a.pods {
		switch {
		case p.state == podDying:
		case p == a.desiredPod:
			if !p.serves() {
				a.giveTraffic(plan, p)
			}
		case p.outdated():
			sameRevision = sameRevision || p.alive() && p.revision() == a.revision
			plan.add(DeletePod{p.Pod, DeletedUpgraded, p.outdatedBecause})
		case p.state == podFinished:
			plan.add(DeletePod{p.Pod, DeletedEnded, "it ended by itself"})
		default:
			plan.add(DeletePod{p.Pod, DeletedDuplicate, "there is another pod of the same revision"})
		}
	}
	return sameRevision
}

// afterDeletions returns the situation once the pods that the actions delete are terminating.
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
