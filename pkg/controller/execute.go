// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// execution executes one plan. Each write is folded into the observation, so that the status written
// at the end describes it without waiting for the caches.
type execution struct {
	*Controller
	name       cache.ObjectName
	assessment *performer.Assessment // of the observation before the first write
	observed   performer.Observed
	changed    bool // observed differs from what was assessed

	// problem is what the API server refuses, or what others keep undoing; nil if there is no such thing.
	problem *performer.Problem
	// requeueAfter is when a write that is held back is due; 0 if there is none.
	requeueAfter time.Duration
	// err is the first error that is not a refusal, or nil.
	err error
	// released is set once our finalizer is removed; the Performer may be gone.
	released bool
}

// execute executes the actions in order. After one that fails it continues with those that don't depend
// on it. It records failures in e.problem and e.err.
func (e *execution) execute(ctx context.Context, actions []performer.Action) {
	failures := performer.Failures{}
	for _, action := range actions {
		if failures.Block(action) || e.heldBack(ctx, action) || !e.try(ctx, performer.WriteOf(action), func() error { return e.executeAction(ctx, action) }) {
			failures.Add(action)
			continue
		}
		if key := repairKey(action); key != "" {
			e.attempts.repaired(e.name, &e.observed, key)
		}
		e.attempts.forgetRepair(e.name, undoneRepair(action))
	}
}

// heldBack reports whether an action must wait, since the same write was refused or undone too often.
func (e *execution) heldBack(ctx context.Context, action performer.Action) bool {
	if left, problem := e.attempts.wait(e.name, performer.WriteOf(action), e.now()); left > 0 {
		e.report(problem, left)
		return true
	}
	key := repairKey(action)
	if key == "" {
		return false
	}
	left, contended, reported := e.attempts.repairWait(e.name, key, e.now())
	if contended && !reported {
		problem := e.contention(ctx, action)
		e.attempts.contended(e.name, key, problem)
		e.report(problem, left)
	}
	e.requeueAfter = sooner(e.requeueAfter, left)
	return left > 0
}

// try performs a write, and reports whether it succeeded. It records a failure.
func (e *execution) try(ctx context.Context, write performer.Write, perform func() error) bool {
	err := perform()
	if err == nil {
		e.attempts.succeed(e.name, write)
		return true
	}
	refusal := refusalOf(err, write)
	if refusal == nil && apierrors.IsConflict(err) && e.attempts.conflict(e.name, &e.observed, write) {
		refusal = refused(err, write)
	}
	if refusal == nil {
		if e.err == nil || apierrors.IsConflict(e.err) {
			e.err = err
		}
		return false
	}
	klog.FromContext(ctx).Info("API server refused a request, will retry", "reason", refusal.problem.Reason, "verb", write.Verb, "kind", write.Kind, "object", write.Name)
	e.report(refusal.problem, e.attempts.refuse(e.name, &e.observed, write, refusal.problem))
	return false
}

// report sets what the status reports, and when to try again. The last problem takes precedence: the plan
// has the Service first, and problems of pods matter more.
func (e *execution) report(problem *performer.Problem, requeueAfter time.Duration) {
	if problem != nil {
		e.problem = problem
	}
	e.requeueAfter = sooner(e.requeueAfter, requeueAfter)
}

func (e *execution) executeAction(ctx context.Context, action performer.Action) error {
	switch a := action.(type) {
	case performer.CreateService:
		return e.createService(ctx, a.Service)
	case performer.AdoptService:
		return e.adoptService(ctx, a.Live)
	case performer.PatchService:
		return e.patchService(ctx, a.Live, a.Change)
	case performer.DeleteService:
		return e.deleteService(ctx, a.Live)
	case performer.WriteStatus:
		return e.writeStatus(ctx, a.Status)
	case performer.TryPod:
		return e.tryPod(ctx, a)
	case performer.CreatePod:
		return e.createPod(ctx, a.Pod.DeepCopy(), a.Ordinal)
	case performer.CopyPod:
		return e.copyPod(ctx, a)
	case performer.AdoptPod:
		return e.adoptPod(ctx, a.Live)
	case performer.PatchPod:
		return e.patchPod(ctx, a.Live, a.Labels, a.Annotations)
	case performer.ResizePod:
		return e.resizePod(ctx, a)
	case performer.DeletePod:
		return e.deletePod(ctx, a)
	case performer.CreateBudget:
		return e.createBudget(ctx, a.Budget)
	case performer.PatchBudget:
		return e.patchBudget(ctx, a.Live)
	case performer.DeleteBudget:
		return e.deleteBudget(ctx, a.Live)
	case performer.SetFinalizers:
		return e.setFinalizers(ctx, a.Finalizers)
	default:
		return fmt.Errorf("no executor for action %T", action)
	}
}

func (e *execution) setFinalizers(ctx context.Context, finalizers []string) error {
	p := e.observed.Performer
	meta := fencedMeta(p)
	meta["finalizers"] = finalizers
	body := map[string]any{"metadata": meta}
	patched, err := patch(ctx, e.hourglass.HourglassV1alpha1().Performers(p.Namespace).Patch, p.Name, body)
	if gone(err) {
		e.released = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("setting finalizers: %w", err)
	}
	e.recordWrite(kindPerformer, patched)
	e.setPerformer(patched)
	e.released = p.DeletionTimestamp != nil
	return nil
}

// recordWrite remembers the version of our own write, for a sync that comes before the cache has it.
func (e *execution) recordWrite(k kind, answer metav1.Object) {
	e.pendingWrites.record(e.name, k, answer.GetResourceVersion(), e.now())
}

// setPerformer replaces the observed Performer after a write.
func (e *execution) setPerformer(p *v1alpha1.Performer) {
	e.observed.Performer = p
	e.changed = true
}

// reassess returns the assessment of what is observed now.
func (e *execution) reassess() *performer.Assessment {
	if e.changed {
		e.assessment, e.changed = performer.Assess(e.observed, e.settings), false
	}
	return e.assessment
}

// dampen keeps the message of a repeated problem from changing on every retry.
func (e *execution) dampen(problem *performer.Problem) *performer.Problem {
	return e.messages.dampen(e.name, e.observed.Performer, problem, e.now())
}
