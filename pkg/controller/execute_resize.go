// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// resizePod changes the resources of the container without a restart. If that can never succeed, it records
// the refusal on the pod, which is then replaced. If it may succeed later, the pod keeps its resources, and
// resizePod returns the refusal.
func (e *execution) resizePod(ctx context.Context, a performer.ResizePod) error {
	live := e.latest(a.Live)
	body := map[string]any{
		"metadata": fencedMeta(live),
		"spec":     map[string]any{"containers": []map[string]any{{"name": a.Container, "resources": a.Resources}}},
	}
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding a resize: %w", err)
	}
	resized, err := e.kube.CoreV1().Pods(live.Namespace).Patch(ctx, live.Name, types.StrategicMergePatchType, data, metav1.PatchOptions{}, "resize")
	if err == nil {
		klog.FromContext(ctx).Info("Resized pod", "pod", live.Name)
		e.recordWrite(kindPod, resized)
		e.replacePod(resized)
		if changed := a.Changed(resized); changed != "" {
			return deferredResize(live, fmt.Sprintf("admission changed %s of the request: "+
				"exempt the subresource pods/resize from the webhook or policy that does it, or set spec.resources to what it admits", changed))
		}
		return nil
	}
	switch resizeRefusalOf(err) {
	case resizeNeverHere, resizeImpossible:
		klog.FromContext(ctx).Info("Resize refused, replacing the pod instead", "pod", live.Name, "reason", apierrors.ReasonForError(err))
		return e.patchPod(ctx, live, nil, map[string]string{render.AnnotationResizeRefused: a.Hash})
	case resizeNotNow:
		return deferredResize(live, err.Error())
	case resizePodGone:
		e.dropPod(live)
		return nil
	case resizeFailed:
	}
	return fmt.Errorf("resizing pod %s: %w", live.Name, err)
}

func deferredResize(pod *corev1.Pod, message string) error {
	return &refusal{performer.ResizeDeferred(pod.Name, message)}
}

// resizeRefusal is what an error means that answers a resize.
type resizeRefusal int

const (
	resizeFailed     resizeRefusal = iota // a conflict, or no answer: retry as usual
	resizeNeverHere                       // the cluster can't resize pods, or doesn't let the operator
	resizeImpossible                      // this pod can't get these resources while it runs
	resizeNotNow                          // a quota, a policy or a webhook refuses, or the server is in trouble
	resizePodGone
)

// resizeRefusalOf classifies an error. Admission may answer with any code, so its answers are recognized
// by their words, which are those of k8s.io/apiserver pkg/admission.
func resizeRefusalOf(err error) resizeRefusal {
	answer := apierrors.APIStatus(nil)
	if !errors.As(err, &answer) {
		return resizeFailed
	}
	status := answer.Status()
	details := metav1.StatusDetails{}
	if status.Details != nil {
		details = *status.Details
	}
	switch {
	case strings.HasPrefix(status.Message, "admission webhook "), strings.Contains(status.Message, "ValidatingAdmissionPolicy "):
		return resizeNotNow
	case apierrors.IsNotFound(err) && details.Kind == "pods" && !apierrors.IsUnexpectedServerError(err):
		return resizePodGone
	case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
		return resizeNeverHere
	case apierrors.IsForbidden(err) && strings.Contains(status.Message, " cannot patch resource \"pods/resize\""):
		return resizeNeverHere
	case apierrors.IsForbidden(err) && refusedForNode(err, status.Message):
		return resizeImpossible
	case apierrors.IsInvalid(err) && details.Kind == "Pod":
		// The validation of pods names the kind, admission names the resource.
		return resizeImpossible
	case apierrors.IsConflict(err), apierrors.IsTooManyRequests(err), apierrors.IsUnauthorized(err):
		return resizeFailed
	case status.Code >= http.StatusBadRequest:
		return resizeNotNow
	}
	return resizeFailed
}

// refusedForNode reports whether the API server refuses a resize that the pod's node can never carry out.
// The words and causes are those of k8s.io/kubernetes plugin/pkg/admission/podresize and
// nodedeclaredfeatures.
func refusedForNode(err error, message string) bool {
	return apierrors.HasStatusCause(err, "NodeCapacity") || apierrors.HasStatusCause(err, "UnsupportedPlatform") ||
		strings.Contains(message, "pod update requires features ")
}
