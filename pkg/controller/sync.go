// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"runtime/debug"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// sync brings one Performer closer to its spec and reports its status.
func (c *Controller) sync(ctx context.Context, name cache.ObjectName) outcome {
	caches := c.cachesFor(name.Namespace)
	if caches == nil {
		return outcome{result: resultSuccess}
	}
	p, err := caches.performer(name)
	if err != nil {
		return failed(err)
	}
	if p == nil {
		c.pendingWrites.forget(name)
		c.messages.forget(name)
		return outcome{result: resultSuccess}
	}
	if !c.pendingWrites.visible(name, caches, c.now()) {
		return outcome{result: resultSkipped, requeueAfter: staleRequeue}
	}
	assessment, err := c.assess(ctx, caches, p)
	if err != nil {
		return failed(err)
	}
	plan := assessment.Plan()
	execution := &execution{Controller: c, name: name, assessment: assessment, observed: assessment.Observed}
	if err := execution.execute(ctx, plan.Actions); err != nil {
		return execution.reportRepeatedFailure(ctx, failed(err))
	}
	for _, pod := range plan.Abandoned {
		c.recorder.Eventf(p, corev1.EventTypeWarning, performer.ReasonPodStuck,
			"Pod %s did not terminate within its grace period; the Performer no longer waits for it", pod)
	}
	if execution.released {
		return outcome{result: resultSuccess}
	}
	out := outcome{result: resultSuccess, requeueAfter: plan.RequeueAfter}
	problem := plan.Problem
	if execution.refusal != nil {
		problem = execution.dampen(execution.refusal.problem)
		out.requeueAfter = sooner(plan.RequeueAfter, execution.refusal.requeueAfter)
	}
	if err := execution.reportStatus(ctx, problem); err != nil {
		return failed(err)
	}
	return out
}

// reportRepeatedFailure reports a failed action in the status, except the first time, which may be
// transient. If writing the status fails too, the failure is only logged.
func (e *execution) reportRepeatedFailure(ctx context.Context, out outcome) outcome {
	if out.result != resultError || e.backoff.NumRequeues(e.name) == 0 || e.observed.Performer.DeletionTimestamp != nil {
		return out
	}
	problem := e.dampen(&performer.Problem{Kind: performer.Waiting, Reason: performer.ReasonRequestFailed, Message: out.err.Error()})
	if err := e.reportStatus(ctx, problem); err != nil {
		klog.FromContext(ctx).V(1).Info("Cannot report the failure in the status", "reason", apierrors.ReasonForError(err))
	}
	return out
}

// instrumentedSync is a sync with metrics and a health check. A panic fails only this
// sync, not the process.
func (c *Controller) instrumentedSync(ctx context.Context, name cache.ObjectName) (out outcome) {
	begin := c.now()
	c.inFlight.begin(name, begin)
	c.hooks.syncBegan()
	defer func() {
		if cause := recover(); cause != nil {
			out = outcome{result: resultPanic, err: fmt.Errorf("panic: %v", cause)}
			klog.FromContext(ctx).Error(out.err, "Sync panicked, retrying", "stack", string(debug.Stack()))
		}
		c.inFlight.end(name)
		c.hooks.syncEnded(out.result, c.now().Sub(begin).Seconds(), out.err)
	}()
	return c.sync(ctx, name)
}
