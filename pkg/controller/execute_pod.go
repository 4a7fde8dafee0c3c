// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// maxTakenNames is how many pod names in a row may be taken before a sync fails and is retried.
const maxTakenNames = 16

// createPod creates the pod, or finds that it exists already. A name that belongs to another owner is
// skipped; the next ordinal is recorded first. If the pod exists and is ours, the cache was stale: it
// is added to the observation (foundPod) rather than risking a second pod.
func (e *execution) createPod(ctx context.Context, pod *corev1.Pod, ordinal int32) error {
	pods := e.kube.CoreV1().Pods(pod.Namespace)
	for range maxTakenNames {
		created, err := pods.Create(ctx, pod, metav1.CreateOptions{})
		if err == nil {
			klog.FromContext(ctx).Info("Created pod", "pod", created.Name, "revision", created.Annotations[render.AnnotationRevision])
			e.hooks.podCreated(e.observed.Performer, created)
			e.attempts.created(e.name, &e.observed, created.Name)
			e.recordWrite(kindPod, created)
			e.setPods(append(slices.Clone(e.observed.Pods), created))
			return nil
		}
		if !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("creating pod %s: %w", pod.Name, err)
		}
		live, err := pods.Get(ctx, pod.Name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return fmt.Errorf("reading pod %s: %w", pod.Name, err)
		case render.ControlledBy(live, e.observed.Performer):
			return e.foundPod(ctx, live)
		}
		klog.FromContext(ctx).Info("Pod name is taken, using the next ordinal", "pod", pod.Name)
		ordinal++
		pod.Name = render.PodName(e.observed.Performer.Name, ordinal)
		status := e.observed.Performer.Status.DeepCopy()
		status.PodOrdinal = ordinal
		if err := e.writeStatus(ctx, *status); err != nil {
			return err
		}
	}
	return fmt.Errorf("the pod names up to %s are taken", pod.Name)
}

// foundPod adds a pod of ours that the cache does not show to the observation, and restores the labels
// by which it is watched. If it doesn't match the spec, the decision to create one was wrong: that is a
// conflict like others, after which the next sync decides again.
func (e *execution) foundPod(ctx context.Context, live *corev1.Pod) error {
	e.setPods(append(slices.Clone(e.observed.Pods), live))
	if lost := performer.MissingPodLabels(e.observed.Performer, live); lost != nil {
		if err := e.patchPod(ctx, live, lost, nil); err != nil {
			return err
		}
	}
	stillExists := slices.ContainsFunc(e.observed.Pods, func(p *corev1.Pod) bool { return p.UID == live.UID })
	if !stillExists || !performer.MatchesSpec(e.observed.Performer, live, e.settings) {
		return apierrors.NewConflict(corev1.Resource("pods"), live.Name, errors.New("it is owned by this Performer and does not match its spec"))
	}
	return nil
}

// copyPod creates a copy of a pod that is going away, if its object still exists. If the API server
// refuses the copy, Otherwise is created in its place. The refusal of the copy is returned unless that
// fails too.
func (e *execution) copyPod(ctx context.Context, a performer.CopyPod) error {
	source := a.Source
	full, err := e.kube.CoreV1().Pods(source.Namespace).Get(ctx, source.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err), err == nil && full.UID != source.UID:
		e.dropPod(source)
		return nil
	case err != nil:
		return fmt.Errorf("reading pod %s: %w", source.Name, err)
	}
	klog.FromContext(ctx).Info("Copying the last serving pod because the desired pod is not ready", "pod", source.Name)
	successor := performer.CopyOf(full, e.observed.Performer, a.Ordinal, e.observed.Now)
	if e.observed.RespondsToEvictions() {
		render.AddEvictionResponder(successor, &e.observed.Performer.Spec)
	}
	err = e.createPod(ctx, successor, a.Ordinal)
	if refusalOf(err, performer.WriteOf(a)) != nil && a.Otherwise != nil {
		if other := e.createPod(ctx, a.Otherwise.DeepCopy(), a.Ordinal); other != nil {
			return other
		}
	}
	return err
}

// tryPod has the API server check the pod without creating it. What only the share of the pod that it
// replaces exceeds is no refusal.
func (e *execution) tryPod(ctx context.Context, a performer.TryPod) error {
	_, err := e.kube.CoreV1().Pods(a.Pod.Namespace).Create(ctx, a.Pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err == nil || apierrors.IsAlreadyExists(err) || lacksDryRun(err) || fitsQuotaWithout(err, a.Replaces) {
		return nil
	}
	return fmt.Errorf("trying to create pod %s: %w", a.Pod.Name, err)
}

// adoptPod makes the Performer the controller of a pod that has none.
func (e *execution) adoptPod(ctx context.Context, live *corev1.Pod) error {
	live = e.latest(live)
	patched, err := patch(ctx, e.kube.CoreV1().Pods(live.Namespace).Patch, live.Name, e.adoption(live))
	if gone(err) {
		e.dropPod(live)
		return nil
	}
	if err != nil {
		return fmt.Errorf("adopting pod %s: %w", live.Name, err)
	}
	klog.FromContext(ctx).Info("Adopted pod", "pod", live.Name)
	e.recordWrite(kindPod, patched)
	e.replacePod(patched)
	return nil
}

func (e *execution) patchPod(ctx context.Context, live *corev1.Pod, labels, annotations map[string]string) error {
	live = e.latest(live)
	meta := fencedMeta(live)
	setKeys(meta, "labels", labels)
	setKeys(meta, "annotations", annotations)
	patched, err := patch(ctx, e.kube.CoreV1().Pods(live.Namespace).Patch, live.Name, map[string]any{"metadata": meta})
	if gone(err) {
		e.dropPod(live)
		return nil
	}
	if err != nil {
		return fmt.Errorf("patching pod %s: %w", live.Name, err)
	}
	e.recordWrite(kindPod, patched)
	e.replacePod(patched)
	return nil
}

func (e *execution) deletePod(ctx context.Context, a performer.DeletePod) error {
	live := e.latest(a.Live)
	options := fencedDelete(live)
	if grace := live.Spec.TerminationGracePeriodSeconds; grace != nil && *grace == 0 {
		// With no grace period the object is gone before the container is: its successor would run next
		// to it.
		options.GracePeriodSeconds = ptr.To[int64](1)
	}
	err := e.kube.CoreV1().Pods(live.Namespace).Delete(ctx, live.Name, options)
	if gone(err) {
		e.dropPod(live)
		return nil
	}
	if err != nil {
		return fmt.Errorf("deleting pod %s: %w", live.Name, err)
	}
	klog.FromContext(ctx).Info("Deleted pod", "pod", live.Name, "revision", live.Annotations[render.AnnotationRevision], "why", a.Why)
	e.hooks.podDeleted(a.Reason)
	e.attempts.deleted(e.name, live.Name)
	e.disruptions.deletedByOperator(e.name, live.UID)
	dying := live.DeepCopy()
	dying.DeletionTimestamp = &metav1.Time{Time: e.observed.Now}
	e.replacePod(dying)
	return nil
}

// replacePod replaces the observed pod of the same UID after a write.
func (e *execution) replacePod(pod *corev1.Pod) {
	pods := slices.Clone(e.observed.Pods)
	for i := range pods {
		if pods[i].UID == pod.UID {
			pods[i] = pod
		}
	}
	e.setPods(pods)
}

// dropPod removes a pod that is gone from the observation.
func (e *execution) dropPod(pod *corev1.Pod) {
	e.setPods(slices.DeleteFunc(slices.Clone(e.observed.Pods), func(p *corev1.Pod) bool { return p.UID == pod.UID }))
}

func (e *execution) setPods(pods []*corev1.Pod) {
	e.observed.Pods = pods
	e.changed = true
}

// latest returns the pod as the last write of this execution left it.
func (e *execution) latest(pod *corev1.Pod) *corev1.Pod {
	for _, p := range e.observed.Pods {
		if p.UID == pod.UID {
			return p
		}
	}
	return pod
}
