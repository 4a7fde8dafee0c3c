// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// result is the result of a sync, as the metrics count it.
type result string

const (
	// resultSuccess: everything that could be done was done.
	resultSuccess result = "success"
	// resultError: something failed that may succeed when retried.
	resultError result = "error"
	// resultConflict: somebody wrote at the same time. The next sync sees what.
	resultConflict result = "conflict"
	// resultSkipped: the caches don't show our own last write yet.
	resultSkipped result = "skipped"
	// resultPanic: a bug. The stack is in the log.
	resultPanic result = "panic"
)

// outcome of a sync. requeueAfter is when to sync again even if nothing changes; 0 means never.
type outcome struct {
	result       result
	err          error
	requeueAfter time.Duration
}

// syncTimeout bounds a sync once it has begun.
const syncTimeout = 30 * time.Second

// processNext syncs the next Performer of the queue. It returns false once the queue is shut down.
func (c *Controller) processNext(ctx context.Context) bool {
	name, shutdown := c.queue.Get()
	if shutdown {
		return false
	}
	defer c.queue.Done(name)
	if ctx.Err() != nil {
		// The next leader starts with every Performer anyway.
		return true
	}
	if caches := c.cachesFor(name.Namespace); caches != nil && (!caches.synced() || !caches.settled() || !c.nodes.settled()) {
		// An object that is not cached yet would look like a missing one. The Performer is queued
		// again when the caches are filled.
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), syncTimeout)
	defer cancel()
	ctx = klog.NewContext(ctx, klog.LoggerWithValues(klog.FromContext(ctx), "performer", klog.KRef(name.Namespace, name.Name)))

	out := c.instrumentedSync(ctx, name)
	switch out.result {
	case resultError:
		klog.FromContext(ctx).Error(out.err, "Sync failed, retrying")
		c.requeueWithBackoff(name)
	case resultConflict, resultPanic:
		c.requeueWithBackoff(name)
	case resultSkipped:
	case resultSuccess:
		c.queue.Forget(name)
	}
	if out.requeueAfter > 0 {
		// Of two delays the queue keeps the shorter one.
		c.queue.AddAfter(name, out.requeueAfter)
	}
	return true
}

// requeueWithBackoff queues a Performer after a delay that grows from try to try.
func (c *Controller) requeueWithBackoff(name cache.ObjectName) {
	delay := c.backoff.When(name)
	c.hooks.backedOff(delay)
	c.queue.AddAfter(name, delay)
}

// failed classifies the first error of a sync, or nil.
func failed(err error) outcome {
	switch {
	case err == nil:
		return outcome{result: resultSuccess}
	case apierrors.IsConflict(err):
		return outcome{result: resultConflict, err: err}
	case namespaceTerminating(err):
		// Everything in the namespace is being deleted; there is nothing to retry.
		return outcome{result: resultSuccess}
	default:
		return outcome{result: resultError, err: err}
	}
}

// sooner returns the lesser of two delays, of which 0 means never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
