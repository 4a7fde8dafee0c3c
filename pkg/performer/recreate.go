// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
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
			if len(a.Leaving) == 0 {
				a.planSuccessor(plan)
			}
			return
		}
	}
	deletions, replacedSameRevision := a.deleteAllButDesired(plan)
	// Written after the deletions, so that a failing deletion doesn't raise the count on every retry. It
	// can't wait for the successor: by then the failed pod is gone.
	failures := a.Performer.Status.FailureCount
	if a.desiredPod == nil {
		failures = max(failures, a.nextFailureCount())
	}
	if replacedSameRevision || failures > a.Performer.Status.FailureCount {
		status := a.afterDeletions(plan.Actions).Status(a.contention())
		status.FailureCount = failures
		if replacedSameRevision {
			now := metav1Time(a.Now)
			status.LastUpgrade = &now
		}
		plan.addActions(WriteStatus{status, deletions})
	}
}

// leavingProblem reports a pod of an earlier Performer of this name, next to which the desired one must not
// run, or nil.
func (a *Assessment) leavingProblem() *Problem {
	if !a.usesRecreate() || a.desiredPod != nil || len(a.pods) > 0 || len(a.Leaving) == 0 {
		return nil
	}
	return &Problem{Waiting, ReasonPodTerminating, fmt.Sprintf(
		"Waiting for Pod %s of an earlier Performer of this name to terminate (upgradeStrategy.type is Recreate)", a.Leaving[0])}
}

// deleteAllButDesired deletes all pods but the desired one, which starts serving. Before it deletes a pod
// that serves, it has the API server check the successor: the serving pod must not be deleted if its
// successor is refused. It returns the deletions, and whether they replace a live pod of the desired
// revision: the caller must then set lastUpgrade, since the revision alone doesn't show the change.
func (a *Assessment) deleteAllButDesired(plan *Plan) (deletions []Write, replacedSameRevision bool) {
	for _, p := range a.pods {
		var deletion DeletePod
		switch {
		case p.state == podDying:
			continue
		case p == a.desiredPod:
			if !p.serves() {
				a.startServing(plan, p)
			}
			continue
		case p.outdated():
			replacedSameRevision = replacedSameRevision || p.alive() && p.revision() == a.revision
			deletion = p.deletion(DeletedUpgraded, p.outdatedBecause)
			if p.state == podReady && a.desiredPod == nil {
				ordinal, _ := a.nextOrdinal()
				try := TryPod{Pod: a.newPod(ordinal), Replaces: p.Pod}
				plan.addActions(try)
				deletion.After = []Write{WriteOf(try)}
			}
		case p.state == podFinished:
			deletion = p.deletion(DeletedEnded, "it failed or completed")
		default:
			deletion = p.deletion(DeletedDuplicate, "there is another pod of the same revision")
		}
		plan.addActions(deletion)
		deletions = append(deletions, WriteOf(deletion))
	}
	return deletions, replacedSameRevision
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
