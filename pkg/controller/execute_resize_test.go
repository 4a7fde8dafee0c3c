// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// TestResizeRefusalOf has the errors with which Kubernetes 1.37 answers a resize.
func TestResizeRefusalOf(t *testing.T) {
	pods := corev1.Resource("pods")
	forbidden := func(message string) *apierrors.StatusError {
		return apierrors.NewForbidden(pods, "x", errors.New(message))
	}
	invalid := func(errs ...*field.Error) error {
		return apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Pod").GroupKind(), "x", errs)
	}
	webhook := func(code int32, reason metav1.StatusReason) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason,
			Message: `admission webhook "w.example.com" denied the request: no`}}
	}
	policy := func(code int32, reason metav1.StatusReason) error {
		err := forbidden("ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no")
		err.ErrStatus.Code, err.ErrStatus.Reason = code, reason
		err.ErrStatus.Details.Causes = []metav1.StatusCause{{Message: "no"}}
		return err
	}
	caused := func(err *apierrors.StatusError, cause metav1.CauseType) error {
		err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{Type: cause})
		return err
	}
	spec := field.NewPath("spec")
	tests := []struct {
		name string
		err  error
		want resizeRefusal
	}{
		{"no subresource", apierrors.NewGenericServerResponse(http.StatusNotFound, "", schema.GroupResource{}, "", "404", 0, false), resizeNeverHere},
		{"no subresource, by a server without a body", apierrors.NewGenericServerResponse(http.StatusNotFound, "patch", pods, "x", "404", 0, true), resizeNeverHere},
		{"no patch", apierrors.NewMethodNotSupported(corev1.Resource("pods/resize"), "patch"), resizeNeverHere},
		{"no permission", forbidden(`User "system:serviceaccount:a:b" cannot patch resource "pods/resize" in API group "" in the namespace "ns"`), resizeNeverHere},
		{"no permission, with the authorizer's reason", forbidden(`User "u" cannot patch resource "pods/resize" in API group "" in the namespace "ns": no`), resizeNeverHere},

		{"quota", forbidden("exceeded quota: q, requested: limits.cpu=2, used: limits.cpu=1, limited: limits.cpu=2"), resizeNotNow},
		{"LimitRange", forbidden("maximum cpu usage per Container is 2, but limit is 3"), resizeNotNow},
		{"admission that is not ready", forbidden("not yet ready to handle request"), resizeNotNow},
		{"webhook", webhook(http.StatusForbidden, metav1.StatusReasonForbidden), resizeNotNow},
		{"webhook without a reason", webhook(http.StatusBadRequest, ""), resizeNotNow},
		{"webhook that calls it invalid", webhook(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid), resizeNotNow},
		{"webhook that calls it a conflict", webhook(http.StatusConflict, metav1.StatusReasonConflict), resizeNotNow},
		{"webhook that finds nothing", webhook(http.StatusNotFound, metav1.StatusReasonNotFound), resizeNotNow},
		{"webhook that does not allow the method", webhook(http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed), resizeNotNow},
		{"webhook that does not answer", apierrors.NewInternalError(errors.New(`failed calling webhook "w.example.com": connection refused`)), resizeNotNow},
		{"policy", policy(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid), resizeNotNow},
		{"policy that forbids", policy(http.StatusForbidden, metav1.StatusReasonForbidden), resizeNotNow},
		{"policy that calls it unauthorized", policy(http.StatusUnauthorized, metav1.StatusReasonUnauthorized), resizeNotNow},
		{"bad request", apierrors.NewBadRequest("no"), resizeNotNow},
		{"server in trouble", apierrors.NewServiceUnavailable("no"), resizeNotNow},
		{"server too slow", apierrors.NewTimeoutError("no", 1), resizeNotNow},

		{"QoS class", invalid(field.Invalid(spec, "", "Pod QOS Class may not change as a result of resizing")), resizeImpossible},
		{"removed limit", invalid(field.Forbidden(spec.Child("containers").Index(0).Child("resources", "limits"), "resource limits cannot be removed")), resizeImpossible},
		{"static pod", invalid(field.Forbidden(field.NewPath(""), "static pods cannot be resized")), resizeImpossible},
		{"old node", invalid(field.Forbidden(spec, "Pod running on node without support for resize")), resizeImpossible},
		{"node too small", caused(forbidden("node didn't have enough allocatable resources: cpu, requested: 900000, allocatable: 2000"), "NodeCapacity"), resizeImpossible},
		{"Windows", caused(forbidden(`pod resize is only supported on linux nodes, node "n" is "windows"`), "UnsupportedPlatform"), resizeImpossible},
		{"node without a feature", forbidden(`pod update requires features X which are not available on node "n"`), resizeImpossible},

		{"pod gone", apierrors.NewNotFound(pods, "x"), resizePodGone},

		{"conflict", apierrors.NewConflict(pods, "x", errors.New("the object has been modified")), resizeFailed},
		{"too many requests", apierrors.NewTooManyRequests("no", 1), resizeFailed},
		{"expired token", apierrors.NewUnauthorized("no"), resizeFailed},
		{"no answer", errors.New("connection refused"), resizeFailed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := resizeRefusalOf(tt.err); got != tt.want {
				t.Errorf("got %d, want %d: %v", got, tt.want, tt.err)
			}
		})
	}
}
