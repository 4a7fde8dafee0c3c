// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// An Action is one write to the API server. The controller executes the actions of a plan in order. After
// one that fails it continues with those that don't depend on it (Failures).
type Action interface{ isAction() }

type (
	// CreateService creates the Service.
	CreateService struct{ Service *corev1.Service }
	// AdoptService makes the Performer the controller of a Service that has none.
	AdoptService struct{ Live *corev1.Service }
	// PatchService restores what a live Service lost.
	PatchService struct {
		Live   *corev1.Service
		Change ServiceChange
	}
	// DeleteService deletes the Service, if the writes in After succeeded.
	DeleteService struct {
		Live  *corev1.Service
		After []Write
	}

	// WriteStatus writes the status before the actions after it, so that the ordinal of the pod to be
	// created is recorded whatever happens next. It assumes that the writes in After succeeded, and is
	// skipped if one of them failed.
	WriteStatus struct {
		Status v1alpha1.PerformerStatus
		After  []Write
	}
	// TryPod has the API server check a pod without creating it (a dry run). Replaces is the pod that
	// will be gone by the time it is created, whose share of a quota is then free.
	TryPod struct{ Pod, Replaces *corev1.Pod }
	// CreatePod creates a pod. The ordinal in its name is recorded in the status.
	CreatePod struct {
		Pod     *corev1.Pod
		Ordinal int32
	}
	// CopyPod creates a copy (CopyOf) of a pod that is going away. The ordinal is recorded in the
	// status. Otherwise is the pod to create under that ordinal if the copy is refused, or nil.
	CopyPod struct {
		Source    *corev1.Pod
		Ordinal   int32
		Otherwise *corev1.Pod
	}
	// AdoptPod makes the Performer the controller of a pod that has none.
	AdoptPod struct{ Live *corev1.Pod }
	// PatchPod sets labels and annotations on a live pod. An empty value removes the key.
	PatchPod struct {
		Live        *corev1.Pod
		Labels      map[string]string
		Annotations map[string]string
	}
	// ResizePod changes the resources of the container of a live pod without a restart. If that can
	// never succeed, Hash is recorded on the pod in AnnotationResizeRefused.
	ResizePod struct {
		Live      *corev1.Pod
		Container string
		Resources corev1.ResourceRequirements
		Hash      string
	}
	// DeletePod deletes a pod gracefully, if the writes in After succeeded. Reason is counted in
	// metrics, Why is logged.
	DeletePod struct {
		Live   *corev1.Pod
		Reason DeleteReason
		Why    string
		After  []Write
	}

	// CreateBudget creates the PodDisruptionBudget.
	CreateBudget struct{ Budget *policyv1.PodDisruptionBudget }
	// PatchBudget restores the spec, the labels and the owner of a live PodDisruptionBudget to what
	// render.Budget returns. Other labels and owners stay.
	PatchBudget struct{ Live *policyv1.PodDisruptionBudget }
	// DeleteBudget deletes the PodDisruptionBudget.
	DeleteBudget struct{ Live *policyv1.PodDisruptionBudget }

	// SetFinalizers sets the finalizers of the Performer, if the writes in After succeeded.
	SetFinalizers struct {
		Finalizers []string
		After      []Write
	}
)

// A DeleteReason is why a pod is deleted, as the metrics count it.
type DeleteReason string

const (
	// DeletedWithPerformer: the Performer is being deleted.
	DeletedWithPerformer DeleteReason = "performer_deleted"
	// DeletedUpgraded: a pod of another revision or with other resources took its place, or will.
	DeletedUpgraded DeleteReason = "upgraded"
	// DeletedMoved: its node was drained or lost or it was evicted, and its successor serves, or it was not ready.
	DeletedMoved DeleteReason = "moved"
	// DeletedSuperseded: it never served, and the spec changed since.
	DeletedSuperseded DeleteReason = "superseded"
	// DeletedEnded: it failed or completed.
	DeletedEnded DeleteReason = "ended"
	// DeletedDuplicate: there is another pod of the same revision.
	DeletedDuplicate DeleteReason = "duplicate"
)

func (CreateService) isAction() {}
func (AdoptService) isAction()  {}
func (PatchService) isAction()  {}
func (DeleteService) isAction() {}
func (WriteStatus) isAction()   {}
func (TryPod) isAction()        {}
func (CreatePod) isAction()     {}
func (CopyPod) isAction()       {}
func (AdoptPod) isAction()      {}
func (PatchPod) isAction()      {}
func (ResizePod) isAction()     {}
func (DeletePod) isAction()     {}
func (CreateBudget) isAction()  {}
func (PatchBudget) isAction()   {}
func (DeleteBudget) isAction()  {}
func (SetFinalizers) isAction() {}
