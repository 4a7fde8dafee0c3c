// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// result is what came of a sync, as the metrics have it.
type result string

const (
	// resultSuccess: all that could be done was done.
	resultSuccess result = "success"
	// resultError: something failed that may succeed when tried again.
	resultError result = "error"
	// resultConflict: somebody wrote at the same time; the next sync sees what.
	resultConflict result = "conflict"
	// resultSkipped: the caches do not show our own last write yet.
	resultSkipped result = "skipped"
	// resultPanic: a defect of ours; the stack is in the log.
	resultPanic result = "panic"
)

// outcome of a sync. lookAgain is when to sync again though nothing changes; 0: there is no need.
type outcome struct {
	result    result
	err       error
	lookAgain time.Duration
}

const (
	// refusedLookAgain is when something that was refused is tried again. What refuses, a quota, a
	// policy or a stranger's Service, is not watched.
	refusedLookAgain = time.Minute
	// invalidLookAgain is when something is tried again that was refused as invalid. That is mostly
	// the spec's fault, but policies and webhooks refuse in the same way.
	invalidLookAgain = 5 * time.Minute
)

// sync brings one Performer nearer to what is asked and tells how far it is.
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
		c.writes.forget(name)
		c.messages.forget(name)
		return outcome{result: resultSuccess}
	}
	if !c.writes.shown(name, caches, c.now()) {
		return outcome{result: resultSkipped, lookAgain: staleLookAgain}
	}
	observed, err := c.observe(ctx, caches, p)
	if err != nil {
		return failed(err)
	}
	plan := performer.MakePlan(observed, c.settings)
	turn := turn{Controller: c, name: name, observed: observed}
	if err := turn.act(ctx, plan.Actions); err != nil {
		return turn.failedAgain(ctx, failed(err))
	}
	for _, pod := range plan.Abandoned {
		c.recorder.Eventf(p, "Warning", performer.ReasonPodStuck,
			"Pod %s did not end within its grace period; the Performer no longer waits for it", pod)
	}
	if turn.released {
		return outcome{result: resultSuccess}
	}
	out := outcome{result: resultSuccess, lookAgain: plan.LookAgain}
	problem := plan.Problem
	if turn.refusal != nil {
		problem = c.messages.steady(name, turn.observed.Performer, turn.refusal.problem, c.now())
		out.lookAgain = sooner(plan.LookAgain, turn.refusal.lookAgain)
	}
	if err := turn.writeStatus(ctx, performer.NextStatus(turn.observed, c.settings, problem)); err != nil {
		return failed(err)
	}
	return out
}

// sooner returns the lesser of two delays, of which 0 means none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

func (c *Controller) cachesFor(namespace string) *caches {
	if all := c.caches[metav1.NamespaceAll]; all != nil {
		return all
	}
	return c.caches[namespace]
}

// failed classifies an error that ended a sync.
func failed(err error) outcome {
	switch {
	case apierrors.IsConflict(err):
		return outcome{result: resultConflict, err: err}
	case namespaceGoing(err):
		// The namespace takes all with it; there is nothing to try again.
		return outcome{result: resultSuccess}
	default:
		return outcome{result: resultError, err: err}
	}
}

// failedAgain tells in the status of an action that failed, unless it is the first time: once may be
// chance. Where that fails too there is nobody to tell.
func (t *turn) failedAgain(ctx context.Context, out outcome) outcome {
	if out.result != resultError || t.backoff.NumRequeues(t.name) == 0 || t.observed.Performer.DeletionTimestamp != nil {
		return out
	}
	problem := &performer.Problem{Kind: performer.Waiting, Reason: performer.ReasonRequestFailed, Message: out.err.Error()}
	problem = t.messages.steady(t.name, t.observed.Performer, problem, t.now())
	if err := t.writeStatus(ctx, performer.NextStatus(t.observed, t.settings, problem)); err != nil {
		klog.FromContext(ctx).V(1).Info("Cannot record the failure in the status", "reason", apierrors.ReasonForError(err))
	}
	return out
}

// observe gathers what a decision about p rests on. The caches nearly always suffice; the API server
// is asked only where what they hold can't be all.
func (c *Controller) observe(ctx context.Context, caches *caches, p *v1alpha1.Performer) (performer.Observed, error) {
	o := performer.Observed{Performer: p, Now: c.now()}
	var err error
	if o.Pods, err = caches.podsOf(p.UID); err != nil {
		return o, err
	}
	if performer.HighestOrdinal(o) > p.Status.PodOrdinal {
		// Whoever made that pod recorded its ordinal first, so our view of the Performer is old.
		live, err := c.hourglass.HourglassV1alpha1().Performers(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
		if err != nil {
			return o, fmt.Errorf("reading the Performer: %w", err)
		}
		if live.UID != p.UID {
			return o, apierrors.NewConflict(v1alpha1.Resource("performers"), p.Name, fmt.Errorf("it was deleted and recreated"))
		}
		o.Performer, p = live, live
	}
	if err := c.observeHiddenPods(ctx, &o); err != nil {
		return o, err
	}
	if err := c.observeWhole(ctx, &o); err != nil {
		return o, err
	}
	service, err := caches.service(p.Namespace, performer.ServiceName(p.Name))
	if err != nil {
		return o, err
	}
	if service != nil && performer.ControlledBy(service, p) {
		o.Service = service
	}
	if performer.NeedsEndpoints(o, c.settings) {
		o.Endpoints, err = c.readyEndpoints(ctx, service)
	}
	return o, err
}

// readyEndpoints returns the names of the pods that the Service's endpoint slices show ready, or nil
// where they may not be read. They are asked for in the second of an upgrade in which they matter,
// rather than watched: a watch would bring every change of every performer's endpoints all year.
func (c *Controller) readyEndpoints(ctx context.Context, service *corev1.Service) (map[string]bool, error) {
	list, err := c.kube.DiscoveryV1().EndpointSlices(service.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + service.Name,
	})
	switch {
	case apierrors.IsForbidden(err):
		c.blind.Do(func() {
			klog.FromContext(ctx).Info("Not allowed to read endpoint slices: upgrades wait a fixed time for traffic to move instead")
		})
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading endpoint slices: %w", err)
	}
	ready := map[string]bool{}
	for _, slice := range list.Items {
		for _, endpoint := range slice.Endpoints {
			if ref := endpoint.TargetRef; ref != nil && ref.Kind == "Pod" && ptr.Deref(endpoint.Conditions.Ready, true) {
				ready[ref.Name] = true
			}
		}
	}
	return ready, nil
}

// observeHiddenPods reads live the pod that the status names, and those that left the cache without
// having been told to end, as far as the cache lacks them. A pod without our label is not in the
// cache, and still runs.
func (c *Controller) observeHiddenPods(ctx context.Context, o *performer.Observed) error {
	p := o.Performer
	names := c.hidden.of(p.UID)
	if p.DeletionTimestamp == nil && p.Status.PodName != "" && !slices.Contains(names, p.Status.PodName) {
		names = append(names, p.Status.PodName)
	}
	for _, name := range names {
		if slices.ContainsFunc(o.Pods, func(pod *corev1.Pod) bool { return pod.Name == name }) {
			c.hidden.drop(p.UID, name)
			continue
		}
		pod, err := c.kube.CoreV1().Pods(p.Namespace).Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err), err == nil && !performer.ControlledBy(pod, p):
			c.hidden.drop(p.UID, name)
		case err != nil:
			return fmt.Errorf("reading pod %s: %w", name, err)
		default:
			o.Pods = append(o.Pods, pod)
		}
	}
	return nil
}

// observeWhole reads live the pods of which a decision needs all.
func (c *Controller) observeWhole(ctx context.Context, o *performer.Observed) error {
	var left []*corev1.Pod
	for _, pod := range o.Pods {
		if performer.NeedsWhole(pod) {
			whole, err := c.kube.CoreV1().Pods(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
			switch {
			case apierrors.IsNotFound(err), err == nil && whole.UID != pod.UID:
				continue
			case err != nil:
				return fmt.Errorf("reading pod %s: %w", pod.Name, err)
			}
			pod = whole
		}
		left = append(left, pod)
	}
	o.Pods = left
	return nil
}

// writeStatus writes status if it says anything new, and tells of transitions in events.
func (t *turn) writeStatus(ctx context.Context, status v1alpha1.PerformerStatus) error {
	before := t.observed.Performer
	if equality.Semantic.DeepEqual(before.Status, status) {
		return nil
	}
	after := before.DeepCopy()
	after.Status = status
	after, err := t.hourglass.HourglassV1alpha1().Performers(after.Namespace).UpdateStatus(ctx, after, metav1.UpdateOptions{})
	switch {
	case apierrors.IsNotFound(err):
		// It is gone, and its status with it.
		return nil
	case err != nil:
		return fmt.Errorf("writing the status: %w", err)
	}
	t.wrote(kindPerformer, after)
	t.observed.Performer = after
	t.hooks.statusWritten(&before.Status, &status, t.now())
	for _, event := range performer.Events(&before.Status, &status) {
		t.recorder.Event(after, event.Type, event.Reason, event.Message)
		klog.FromContext(ctx).Info("Transition", "reason", event.Reason, "phase", status.Phase, "pod", status.PodName, "revision", status.UpdateRevision)
	}
	return nil
}
