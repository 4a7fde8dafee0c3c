// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
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
	// refusal is what the API server refused, or nil.
	refusal *refusal
	// released is set once our finalizer is removed; the Performer may be gone.
	released bool
}

// execute executes the actions in order. A refusal by the API server ends the execution without an
// error, and sets e.refusal. There are two exceptions: after a refused change of the Service, or
// a refused copy, the remaining actions are executed. A pod whose copy was refused is not deleted.
func (e *execution) execute(ctx context.Context, actions []performer.Action) error {
	var notCopied types.UID
	for _, action := range actions {
		if deletion, ok := action.(performer.DeletePod); ok && deletion.Live.UID == notCopied {
			continue
		}
		err := e.executeAction(ctx, action)
		if refused := (*refusal)(nil); errors.As(err, &refused) {
			klog.FromContext(ctx).Info("API server refused a request", "reason", refused.problem.Reason)
			e.refusal = refused.after(e.refusal)
			switch a := action.(type) {
			case performer.PatchService:
				continue
			case performer.CopyPod:
				notCopied = a.Source.UID
				continue
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *execution) executeAction(ctx context.Context, action performer.Action) error {
	switch a := action.(type) {
	case performer.CreateService:
		return e.createService(ctx, a.Service)
	case performer.PatchService:
		return e.patchService(ctx, a.Live, a.Change)
	case performer.DeleteService:
		return e.deleteService(ctx, a.Live)
	case performer.WriteStatus:
		return e.writeStatus(ctx, a.Status)
	case performer.CreatePod:
		return e.createPod(ctx, a.Pod.DeepCopy(), a.Ordinal)
	case performer.CopyPod:
		return e.copyPod(ctx, a)
	case performer.PatchPod:
		return e.patchPod(ctx, a.Live, a.Labels, a.Annotations)
	case performer.ResizePod:
		return e.resizePod(ctx, a)
	case performer.DeletePod:
		return e.deletePod(ctx, a)
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
	if apierrors.IsNotFound(err) {
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
