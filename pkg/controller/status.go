// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// reportStatus writes the status after the execution. It reports the first of these: a write that the API
// server refused or that somebody keeps undoing, the problem of the plan, an error that occurred again.
func (e *execution) reportStatus(ctx context.Context, problem *performer.Problem) {
	switch {
	case e.problem != nil:
		problem = e.dampen(e.problem)
	case e.err == nil:
	case apierrors.IsConflict(e.err):
		// What was observed is out of date, and the next sync follows at once.
		return
	case problem == nil && e.backoff.NumRequeues(e.name) > 0: // the first time it may be transient
		problem = e.dampen(&performer.Problem{Kind: performer.Waiting, Reason: performer.ReasonRequestFailed, Message: e.err.Error()})
	}
	write := performer.WriteOf(performer.WriteStatus{})
	if left, _ := e.attempts.wait(e.name, write, e.now()); left > 0 {
		e.report(nil, left)
		return
	}
	status := e.reassess().Status(problem)
	if e.statusHeldBack(ctx, &status) {
		return
	}
	before := e.problem
	if !e.try(ctx, write, func() error { return e.writeStatus(ctx, status) }) && e.problem != before {
		// No condition can say that the status was refused.
		e.recorder.Event(e.observed.Performer, corev1.EventTypeWarning, e.problem.Reason, e.problem.Message)
	}
}

// statusHeldBack reports whether a write of the status must wait, since somebody undid the earlier ones too
// often. A write after which nobody else wrote is never delayed.
func (e *execution) statusHeldBack(ctx context.Context, status *v1alpha1.PerformerStatus) bool {
	present := &e.observed.Performer.Status
	if equality.Semantic.DeepEqual(present, status) || !e.attempts.statusUndone(e.name, present) {
		return false
	}
	left, contended, reported := e.attempts.repairWait(e.name, statusRepair, e.now())
	if contended && !reported {
		e.attempts.contended(e.name, statusRepair, e.statusContention(ctx))
	}
	e.requeueAfter = sooner(e.requeueAfter, left)
	return left > 0
}

// writeStatus writes status if it differs from the present one, and records an event for each
// transition.
func (e *execution) writeStatus(ctx context.Context, status v1alpha1.PerformerStatus) error {
	before := e.observed.Performer
	if equality.Semantic.DeepEqual(before.Status, status) {
		return nil
	}
	after := before.DeepCopy()
	after.Status = status
	after, err := e.hourglass.HourglassV1alpha1().Performers(after.Namespace).UpdateStatus(ctx, after, metav1.UpdateOptions{})
	switch {
	case gone(err):
		// The Performer is gone, and its status with it.
		return nil
	case err != nil:
		return fmt.Errorf("writing the status: %w", err)
	}
	if e.attempts.statusUndone(e.name, &before.Status) {
		e.attempts.repaired(e.name, &e.observed, statusRepair)
	}
	e.attempts.wroteStatus(e.name, &e.observed, &after.Status)
	e.recordWrite(kindPerformer, after)
	e.setPerformer(after)
	e.hooks.statusWritten(&before.Status, &status, e.now())
	for _, event := range performer.Events(&before.Status, &status) {
		e.recorder.Event(after, event.Type, event.Reason, event.Message)
		klog.FromContext(ctx).Info("Transition", "reason", event.Reason, "phase", status.Phase, "pod", status.PodName, "revision", status.UpdateRevision)
	}
	return nil
}
