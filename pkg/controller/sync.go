// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"runtime/debug"

	corev1 "k8s.io/api/core/v1"
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
		c.attempts.forget(name)
		c.failovers.forget(name, c.now())
		c.disruptions.forget(name)
		return outcome{result: resultSuccess}
	}
	if !c.pendingWrites.visible(name, caches, c.now()) {
		return outcome{result: resultSkipped, requeueAfter: staleRequeue}
	}
	observed, err := c.observe(ctx, caches, p)
	if err != nil {
		return failed(err)
	}
	c.hooks.disrupted(c.disruptions.observe(name, &observed))
	otherService := caches.otherService(&observed)
	requeueAfter := sooner(c.attempts.consider(name, &observed, otherService), c.failovers.consider(name, &observed))
	assessment, err := c.assess(ctx, observed)
	if err != nil {
		return failed(err)
	}
	plan := assessment.Plan()
	execution := &execution{Controller: c, name: name, assessment: assessment, observed: assessment.Observed, requeueAfter: requeueAfter}
	execution.execute(ctx, plan.Actions)
	c.failovers.settle(name, &execution.observed)
	for _, pod := range plan.Abandoned {
		c.recorder.Eventf(p, corev1.EventTypeWarning, performer.ReasonPodStuck,
			"Pod %s did not terminate within its grace period; the Performer no longer waits for it", pod)
	}
	if execution.released {
		return outcome{result: resultSuccess}
	}
	execution.reportStatus(ctx, plan.Problem)
	execution.reportEvictions(ctx)
	c.attempts.settle(name, &execution.observed, otherService)
	out := failed(execution.err)
	out.requeueAfter = sooner(plan.RequeueAfter, execution.requeueAfter)
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
