// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"cmp"
	"time"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// A Plan lists the actions to take next.
type Plan struct {
	// Actions to execute, in order.
	Actions []Action
	// Problem blocks further progress; nil if nothing does.
	Problem *Problem
	// RequeueAfter is when to plan again even if nothing changes; 0 means never.
	RequeueAfter time.Duration
	// Abandoned names the pods that a deletion no longer waits for.
	Abandoned []string
}

func (p *Plan) addActions(actions ...Action) {
	p.Actions = append(p.Actions, actions...)
}

// merge adds the actions and the requeue time of another plan.
func (p *Plan) merge(next Plan) {
	p.addActions(next.Actions...)
	if next.RequeueAfter > 0 {
		p.requeueAfter(next.RequeueAfter)
	}
}

// requeueAfter requests another plan after d, unless an earlier one was requested already.
func (p *Plan) requeueAfter(d time.Duration) {
	if p.RequeueAfter == 0 || d < p.RequeueAfter {
		p.RequeueAfter = d
	}
}

// Plan decides what to do next for the Performer.
func (a *Assessment) Plan() Plan {
	if a.Performer.DeletionTimestamp != nil {
		return a.planDeletion()
	}
	plan := Plan{Problem: cmp.Or(a.nameProblem, a.specProblem)}
	a.planOrphans(&plan)
	a.planLabels(&plan)
	a.planStamps(&plan)
	a.recordRefusedResizes(&plan)
	if a.nameProblem == nil {
		a.planService(&plan)
		a.planPods(&plan)
	}
	a.requeueAfterDrains(&plan)
	if a.deadline.pending() && plan.Problem == nil {
		plan.requeueAfter(a.deadline.left)
	}
	a.planBudget(&plan)
	a.planFinalizer(&plan)
	if plan.Problem == nil {
		plan.Problem = a.contention()
		if left := a.problemLeft(plan.Problem); left > 0 {
			plan.requeueAfter(left)
		}
	}
	return plan
}

// contention returns what others do that keeps the operator from its work, or nil.
func (a *Assessment) contention() *Problem {
	return cmp.Or(a.serviceProblem(), a.leavingProblem(), a.Contended, a.replacementProblem())
}

// planPods keeps one pod that matches the spec, and the traffic on the best pod. If the desired pod
// can't be created, it keeps the existing pods running.
func (a *Assessment) planPods(plan *Plan) {
	if a.suspended() {
		a.planSuspended(plan)
		return
	}
	if a.planAdoption(plan) {
		return
	}
	switch {
	case !a.usesRecreate():
		a.planBlueGreen(plan)
	case a.canCreate():
		a.planRecreate(plan)
	}
	desired := a.desiredPod
	if desired == nil || desired.evictedUnready() {
		return
	}
	if image := unrecordedAdmittedImage(desired.Pod, a.Performer.Spec.Image); image != "" {
		plan.addActions(PatchPod{desired.Pod, nil, map[string]string{render.AnnotationAdmittedImage: image}})
	}
	a.planResize(plan)
	a.requeueAfterCrashLoop(plan)
	if a.Performer.Status.FailureCount > 0 && desired.state == podReady {
		if left := failuresForgivenAfter - a.Now.Sub(readySince(desired.Pod)); left > 0 {
			plan.requeueAfter(left)
		}
	}
}
