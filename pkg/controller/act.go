// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// turn carries out one plan. Each write is folded into observed, so that the status written at the
// end tells of it without waiting for the caches.
type turn struct {
	*Controller
	name     cache.ObjectName
	observed performer.Observed
	// refusal is what the API server refused, or nil.
	refusal *refusal
	// released is set once the Performer has lost our finalizer, and may be gone.
	released bool
}

// maxTaken is how many pod names in a row may be taken before a sync gives up for now.
const maxTaken = 16

// act carries out the actions in order. What the API server refuses ends it without an error, and is
// then in t.refusal. A change of the Service does not end it, nor does a copy: what else the pods need
// goes on. But a pod stays of which the copy was refused.
func (t *turn) act(ctx context.Context, actions []performer.Action) error {
	var uncopied types.UID
	for _, action := range actions {
		if a, deletes := action.(performer.DeletePod); deletes && a.Live.UID == uncopied {
			continue
		}
		err := t.do(ctx, action)
		if refused := (*refusal)(nil); errors.As(err, &refused) {
			klog.FromContext(ctx).Info("Refused", "reason", refused.problem.Reason)
			t.refusal = refused.after(t.refusal)
			switch a := action.(type) {
			case performer.PatchService:
				continue
			case performer.CopyPod:
				uncopied = a.Source.UID
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

func (t *turn) do(ctx context.Context, action performer.Action) error {
	switch a := action.(type) {
	case performer.CreateService:
		return t.createService(ctx, a.Service)
	case performer.PatchService:
		return t.patchService(ctx, a.Live, a.Change)
	case performer.DeleteService:
		return t.deleteService(ctx, a.Live)
	case performer.WriteStatus:
		return t.writeStatus(ctx, a.Status)
	case performer.CreatePod:
		return t.createPod(ctx, a.Pod.DeepCopy(), a.Ordinal)
	case performer.CopyPod:
		return t.copyPod(ctx, a)
	case performer.PatchPod:
		return t.patchPod(ctx, a.Live, a.Labels, a.Annotations)
	case performer.ResizePod:
		return t.resizePod(ctx, a)
	case performer.DeletePod:
		return t.deletePod(ctx, a)
	case performer.SetFinalizers:
		return t.setFinalizers(ctx, a.Finalizers)
	default:
		return fmt.Errorf("there is no way to carry out %T", action)
	}
}

func (t *turn) createService(ctx context.Context, service *corev1.Service) error {
	services := t.kube.CoreV1().Services(service.Namespace)
	created, err := services.Create(ctx, service, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		// It is a stranger's; or ours, and has lost the label by which we watch.
		live, err := services.Get(ctx, service.Name, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("reading Service %s: %w", service.Name, err)
		}
		if !performer.ControlledBy(live, t.observed.Performer) {
			return serviceConflict(service.Name)
		}
		if live.DeletionTimestamp != nil {
			return nil
		}
		// With its labels back it is seen, and what else it needs is planned.
		t.observed.Service = live
		return t.patchService(ctx, live, performer.MissingServiceLabels(t.observed.Performer, live))
	}
	if err != nil {
		return refusedOr(err, performer.ReasonServiceRefused, "creating Service "+service.Name)
	}
	t.wrote(kindService, created)
	t.observed.Service = created
	return nil
}

func (t *turn) patchService(ctx context.Context, live *corev1.Service, change performer.ServiceChange) error {
	spec := map[string]any{}
	if change.Ports != nil {
		spec["ports"] = change.Ports
	}
	if change.Selector != nil {
		selector := map[string]any{}
		for key := range live.Spec.Selector {
			selector[key] = nil
		}
		for key, value := range change.Selector {
			selector[key] = value
		}
		spec["selector"] = selector
	}
	meta := fencedMeta(live)
	setKeys(meta, "labels", change.Labels)
	body := map[string]any{"metadata": meta, "spec": spec}
	patched, err := patch(ctx, t.kube.CoreV1().Services(live.Namespace).Patch, live.Name, body)
	if apierrors.IsNotFound(err) {
		// Its deletion event brings us back.
		t.observed.Service = nil
		return nil
	}
	if err != nil {
		return refusedOr(err, performer.ReasonServiceRefused, "patching Service "+live.Name)
	}
	t.wrote(kindService, patched)
	t.observed.Service = patched
	return nil
}

func (t *turn) deleteService(ctx context.Context, live *corev1.Service) error {
	err := t.kube.CoreV1().Services(live.Namespace).Delete(ctx, live.Name, fencedDelete(live))
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting Service %s: %w", live.Name, err)
	}
	t.observed.Service = nil
	return nil
}

// createPod makes the pod, or finds that it is there already. A name that a stranger has taken is
// passed by, each time with the next ordinal on record first. A pod of our own that the cache does not
// show must be seen first: there may be one too many already.
func (t *turn) createPod(ctx context.Context, pod *corev1.Pod, ordinal int32) error {
	pods := t.kube.CoreV1().Pods(pod.Namespace)
	for range maxTaken {
		created, err := pods.Create(ctx, pod, metav1.CreateOptions{})
		if err == nil {
			klog.FromContext(ctx).Info("Created pod", "pod", created.Name, "revision", created.Annotations[performer.AnnotationRevision])
			t.hooks.podCreated(t.observed.Performer, created)
			t.wrote(kindPod, created)
			t.observed.Pods = append(t.observed.Pods, created)
			return nil
		}
		if !apierrors.IsAlreadyExists(err) {
			return refusedOr(err, performer.ReasonPodRefused, "creating pod "+pod.Name)
		}
		live, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return fmt.Errorf("reading pod %s: %w", pod.Name, err)
		case performer.ControlledBy(live, t.observed.Performer):
			return t.foundPod(ctx, live)
		}
		klog.FromContext(ctx).Info("Pod name is taken, using the next one", "pod", pod.Name)
		ordinal++
		pod.Name = performer.PodName(t.observed.Performer.Name, ordinal)
		status := t.observed.Performer.Status.DeepCopy()
		status.PodOrdinal = ordinal
		if err := t.writeStatus(ctx, *status); err != nil {
			return err
		}
	}
	return fmt.Errorf("the names of pods up to %s are taken", pod.Name)
}

// foundPod takes note of a pod of ours that the cache does not show, and gives it back the labels by
// which it is watched. If it is not what is asked for, the decision to make one was wrong: that is a
// conflict like others, after which the next sync decides again.
func (t *turn) foundPod(ctx context.Context, live *corev1.Pod) error {
	t.observed.Pods = append(t.observed.Pods, live)
	if lost := performer.MissingPodLabels(t.observed.Performer, live); lost != nil {
		if err := t.patchPod(ctx, live, lost, nil); err != nil {
			return err
		}
	}
	stays := slices.ContainsFunc(t.observed.Pods, func(p *corev1.Pod) bool { return p.UID == live.UID })
	if !stays || !performer.IsCurrent(t.observed.Performer, live, t.settings) {
		return apierrors.NewConflict(corev1.Resource("pods"), live.Name, errors.New("it is ours, and not what is asked for"))
	}
	return nil
}

// copyPod makes a pod like one that is going, if its object is still there to be read. Where that is
// refused it is refused, whatever becomes of the pod that is made instead.
func (t *turn) copyPod(ctx context.Context, a performer.CopyPod) error {
	source := a.Source
	whole, err := t.kube.CoreV1().Pods(source.Namespace).Get(ctx, source.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err), err == nil && whole.UID != source.UID:
		t.dropPod(source)
		return nil
	case err != nil:
		return fmt.Errorf("reading pod %s: %w", source.Name, err)
	}
	klog.FromContext(ctx).Info("Copying the pod that served, since what is asked for now is not ready", "pod", source.Name)
	err = t.createPod(ctx, performer.CopyOf(whole, t.observed.Performer, a.Ordinal, t.observed.Now), a.Ordinal)
	if refused := (*refusal)(nil); errors.As(err, &refused) && a.Otherwise != nil {
		if other := t.createPod(ctx, a.Otherwise.DeepCopy(), a.Ordinal); other != nil {
			return other
		}
	}
	return err
}

func (t *turn) patchPod(ctx context.Context, live *corev1.Pod, labels, annotations map[string]string) error {
	live = t.latest(live)
	meta := fencedMeta(live)
	setKeys(meta, "labels", labels)
	setKeys(meta, "annotations", annotations)
	patched, err := patch(ctx, t.kube.CoreV1().Pods(live.Namespace).Patch, live.Name, map[string]any{"metadata": meta})
	if apierrors.IsNotFound(err) {
		t.dropPod(live)
		return nil
	}
	if err != nil {
		return fmt.Errorf("labelling pod %s: %w", live.Name, err)
	}
	t.wrote(kindPod, patched)
	t.replacePod(patched)
	return nil
}

// resizePod gives the container other resources without a restart. A cluster that can't, or does not
// let us, is no error: that is recorded on the pod, which then is replaced.
func (t *turn) resizePod(ctx context.Context, a performer.ResizePod) error {
	live := t.latest(a.Live)
	body := map[string]any{
		"metadata": fencedMeta(live),
		"spec":     map[string]any{"containers": []map[string]any{{"name": a.Container, "resources": a.Resources}}},
	}
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding a resize: %w", err)
	}
	patched, err := t.kube.CoreV1().Pods(live.Namespace).Patch(ctx, live.Name, types.StrategicMergePatchType, data, metav1.PatchOptions{}, "resize")
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err), apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsMethodNotSupported(err):
		klog.FromContext(ctx).Info("The pod can't be resized, it will be replaced", "pod", live.Name, "reason", apierrors.ReasonForError(err))
		return t.patchPod(ctx, live, nil, map[string]string{performer.AnnotationResizeRefused: a.Hash})
	case err != nil:
		return fmt.Errorf("resizing pod %s: %w", live.Name, err)
	}
	klog.FromContext(ctx).Info("Resized pod", "pod", live.Name)
	t.wrote(kindPod, patched)
	t.replacePod(patched)
	return nil
}

func (t *turn) deletePod(ctx context.Context, a performer.DeletePod) error {
	live := t.latest(a.Live)
	err := t.kube.CoreV1().Pods(live.Namespace).Delete(ctx, live.Name, fencedDelete(live))
	if apierrors.IsNotFound(err) {
		t.dropPod(live)
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting pod %s: %w", live.Name, err)
	}
	klog.FromContext(ctx).Info("Deleted pod", "pod", live.Name, "revision", live.Annotations[performer.AnnotationRevision], "why", a.Why)
	t.hooks.podDeleted(a.Reason)
	dying := live.DeepCopy()
	dying.DeletionTimestamp = &metav1.Time{Time: t.observed.Now}
	t.replacePod(dying)
	return nil
}

func (t *turn) setFinalizers(ctx context.Context, finalizers []string) error {
	p := t.observed.Performer
	meta := fencedMeta(p)
	meta["finalizers"] = finalizers
	body := map[string]any{"metadata": meta}
	patched, err := patch(ctx, t.hourglass.HourglassV1alpha1().Performers(p.Namespace).Patch, p.Name, body)
	if apierrors.IsNotFound(err) {
		t.released = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("setting finalizers: %w", err)
	}
	t.wrote(kindPerformer, patched)
	t.observed.Performer = patched
	t.released = p.DeletionTimestamp != nil
	return nil
}

func (t *turn) replacePod(pod *corev1.Pod) {
	for i := range t.observed.Pods {
		if t.observed.Pods[i].UID == pod.UID {
			t.observed.Pods[i] = pod
		}
	}
}

func (t *turn) dropPod(pod *corev1.Pod) {
	var left []*corev1.Pod
	for _, p := range t.observed.Pods {
		if p.UID != pod.UID {
			left = append(left, p)
		}
	}
	t.observed.Pods = left
}

// wrote remembers the version of our own write, for the sync that comes before the cache has it.
func (t *turn) wrote(k kind, answer metav1.Object) {
	t.writes.wrote(t.name, k, answer.GetResourceVersion(), t.now())
}

// latest returns the pod as the last write of this turn left it.
func (t *turn) latest(pod *corev1.Pod) *corev1.Pod {
	for _, p := range t.observed.Pods {
		if p.UID == pod.UID {
			return p
		}
	}
	return pod
}

// fencedMeta returns the metadata of a merge patch that applies to the object as it was seen or not
// at all.
func fencedMeta(live metav1.Object) map[string]any {
	return map[string]any{"uid": live.GetUID(), "resourceVersion": live.GetResourceVersion()}
}

// setKeys adds to the metadata of a merge patch the labels or annotations to set; an empty value
// removes the key.
func setKeys(meta map[string]any, field string, values map[string]string) {
	if len(values) == 0 {
		return
	}
	keys := map[string]any{}
	for key, value := range values {
		keys[key] = value
		if value == "" {
			keys[key] = nil
		}
	}
	meta[field] = keys
}

// fencedDelete makes a delete apply to the object as it was seen or not at all.
func fencedDelete(live metav1.Object) metav1.DeleteOptions {
	uid, version := live.GetUID(), live.GetResourceVersion()
	return metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &version}}
}

// patcher is the Patch method of a typed client.
type patcher[T any] func(ctx context.Context, name string, pt types.PatchType, data []byte, opts metav1.PatchOptions, subresources ...string) (T, error)

func patch[T any](ctx context.Context, send patcher[T], name string, body map[string]any) (T, error) {
	data, err := json.Marshal(body)
	if err != nil {
		var none T
		return none, fmt.Errorf("encoding a patch: %w", err)
	}
	return send(ctx, name, types.MergePatchType, data, metav1.PatchOptions{})
}
