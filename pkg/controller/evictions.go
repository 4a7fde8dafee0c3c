// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	lifecyclev1alpha1 "k8s.io/api/lifecycle/v1alpha1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// newEvictions returns an informer of the Evictions for which the operator is a responder. The label with the
// name of the responder may also say that it is a requester, which the operator never is.
func newEvictions(kube kubernetes.Interface, namespace string) *optionalInformer {
	selector := fmt.Sprintf("%s in (%s,%s)", render.EvictionResponder,
		lifecyclev1alpha1.EvictionParticipantRoleResponder, lifecyclev1alpha1.EvictionParticipantRoleRequesterResponder)
	factory := informers.NewSharedInformerFactoryWithOptions(kube, 0,
		informers.WithInformerName(informerName(cmp.Or(namespace, Name)+"-evictions")),
		informers.WithNamespace(namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = selector }),
		informers.WithTransform(trim))
	return &optionalInformer{SharedIndexInformer: factory.Lifecycle().V1alpha1().Evictions().Informer(), start: factory.StartWithContext}
}

// evictedPerformer returns the Performer to whose pod an Eviction belongs; found is false if there is none. The name
// of the pod says so also after the pod is gone.
func evictedPerformer(eviction *lifecyclev1alpha1.Eviction) (name cache.ObjectName, found bool) {
	target := eviction.Spec.Target.Pod
	if target == nil {
		return name, false
	}
	owner, found := render.PerformerOfPod(target.Name)
	return cache.NewObjectName(eviction.Namespace, owner), found
}

// indexByTarget returns namespace and name of the Performer to whose pod an Eviction belongs.
func indexByTarget(obj any) ([]string, error) {
	eviction, ok := obj.(*lifecyclev1alpha1.Eviction)
	if !ok {
		return nil, fmt.Errorf("%T is not an Eviction", obj)
	}
	if name, found := evictedPerformer(eviction); found {
		return []string{name.String()}, nil
	}
	return nil, nil
}

// watchEvictions registers a handler that queues the Performer to whose pod an Eviction belongs.
func (c *Controller) watchEvictions(namespace string, caches *caches) error {
	caches.evictions.queueAll = func() { c.queueAll(caches) }
	_, err := caches.evictions.AddEventHandler(handlerFor(func(eviction *lifecyclev1alpha1.Eviction, _ bool) {
		caches.evictions.eventCame()
		if name, found := evictedPerformer(eviction); found {
			c.queue.Add(name)
		}
	}))
	if err != nil {
		return fmt.Errorf("adding an event handler: %w", err)
	}
	if err := caches.evictions.SetWatchErrorHandlerWithContext(caches.evictions.watchFailed(c.watchScope, namespace, "evictions")); err != nil {
		return fmt.Errorf("adding an error handler: %w", err)
	}
	return nil
}

// observeEvictions adds the Evictions of the Performer's pods to an observation.
func observeEvictions(caches *caches, o *performer.Observed) error {
	if state := caches.evictions.access(); state != accessCurrent {
		o.EvictionsUnread = state == accessUnread
		return nil
	}
	o.EvictionsKnown = true
	found, err := caches.evictions.GetIndexer().ByIndex(byPerformer, cache.MetaObjectToName(o.Performer).String())
	if err != nil {
		return fmt.Errorf("looking up Evictions: %w", err)
	}
	for _, obj := range found {
		o.Evictions = append(o.Evictions, obj.(*lifecyclev1alpha1.Eviction))
	}
	return nil
}

// reportEvictions reports to the Evictions of the Performer's pods. Nothing else depends on these reports, so
// that a failure is only logged, and retried with growing delays.
func (e *execution) reportEvictions(ctx context.Context) {
	reports, requeueAfter := e.reassess().EvictionReports()
	e.requeueAfter = sooner(e.requeueAfter, requeueAfter)
	for _, report := range reports {
		write := performer.Write{Verb: performer.VerbReport, Target: performer.Target{Kind: performer.KindEviction, Name: report.Live.Name}}
		left, _ := e.attempts.wait(e.name, write, e.now())
		if left <= 0 {
			left = e.reportEviction(ctx, write, report)
		}
		e.requeueAfter = sooner(e.requeueAfter, left)
	}
}

// reportEviction writes one report, and returns when to try again if that failed; else 0. The event of a newer
// version of the Eviction, or of its deletion, triggers another sync.
func (e *execution) reportEviction(ctx context.Context, write performer.Write, report performer.EvictionReport) (retryAfter time.Duration) {
	live := report.Live
	logger := klog.FromContext(ctx).WithValues("eviction", live.Name)
	written, err := e.patchEviction(ctx, report)
	switch {
	case err == nil:
		e.attempts.succeed(e.name, write)
		e.recordWrite(kindEviction, written)
		logger.Info("Reported to the Eviction", "message", *report.Status.Message, "completed", report.Status.CompletionTime != nil)
	case apierrors.IsConflict(err), apierrors.IsNotFound(err):
	default:
		retryAfter = e.attempts.refuse(e.name, &e.observed, write, nil)
		logger.Info("Cannot report to the Eviction, will retry", "why", err.Error(), "retryAfter", retryAfter)
	}
	return retryAfter
}

// patchEviction sets the fields of a report. Elements of the list are merged by the names of the responders, so
// that what others report stays.
func (e *execution) patchEviction(ctx context.Context, report performer.EvictionReport) (*lifecyclev1alpha1.Eviction, error) {
	live := report.Live
	body, err := json.Marshal(map[string]any{
		"metadata": fencedMeta(live),
		"status":   map[string]any{"responders": []lifecyclev1alpha1.ResponderStatus{report.Status}},
	})
	if err != nil {
		return nil, fmt.Errorf("encoding a patch: %w", err)
	}
	return e.kube.LifecycleV1alpha1().Evictions(live.Namespace).Patch(ctx, live.Name, types.StrategicMergePatchType, body, metav1.PatchOptions{}, "status")
}
