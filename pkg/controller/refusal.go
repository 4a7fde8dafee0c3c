// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// A refusal is an answer of the API server that an immediate retry does not change. It becomes a
// condition of the Performer, and the write is retried with growing delays (attempts).
type refusal struct {
	problem *performer.Problem
}

// Error names only the reason: the message may quote the spec, and errors are logged.
func (r *refusal) Error() string {
	return "refused: " + r.problem.Reason
}

func serviceConflict(name string) error {
	return &refusal{&performer.Problem{
		Kind:   performer.Terminal,
		Reason: performer.ReasonServiceConflict,
		Message: fmt.Sprintf("Service %s exists but is not owned by this Performer, and is left alone: "+
			"delete it, or create the Performer under another name", name),
	}}
}

// refusalOf returns the refusal that a failed write is, or nil if it is an error of another kind. The
// classes of answers are those of the API server itself and of what can refuse there: quotas, policies,
// webhooks, missing permissions.
func refusalOf(err error, write performer.Write) *refusal {
	var known *refusal
	switch {
	case errors.As(err, &known):
		return known
	case namespaceTerminating(err):
		return nil
	case byAdmission(err):
		// Policies and webhooks choose the code, such as 401, 404 or 409.
		return refused(err, write)
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsForbidden(err),
		apierrors.IsMethodNotSupported(err), apierrors.IsRequestEntityTooLargeError(err):
		return refused(err, write)
	default:
		return nil
	}
}

// refused returns a refusal with the words of the API server.
func refused(err error, write performer.Write) *refusal {
	kind := performer.Waiting
	if byValidation(err) {
		kind = performer.Terminal
	}
	return &refusal{&performer.Problem{Kind: kind, Reason: refusalReason(write), Message: refusalMessage(err, write)}}
}

// byValidation reports whether the API server itself found the object invalid, which only another spec
// changes. A policy or a webhook refuses with the same codes, and may change its mind. The cause that the
// API server adds for a policy names no field.
func byValidation(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || byAdmission(err) {
		return false
	}
	details := status.Status().Details
	fields := details != nil && slices.ContainsFunc(details.Causes, func(c metav1.StatusCause) bool { return c.Field != "" })
	return apierrors.IsInvalid(err) && fields || apierrors.IsBadRequest(err) || apierrors.IsRequestEntityTooLargeError(err)
}

// byAdmission reports whether a policy or a webhook refused a request, in the words of the API server.
func byAdmission(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	message := status.Status().Message
	return strings.Contains(message, "admission webhook ") || strings.Contains(message, "ValidatingAdmissionPolicy ")
}

// gone reports whether a write failed since its object does not exist. A webhook may deny it with the same code.
func gone(err error) bool { return apierrors.IsNotFound(err) && !byAdmission(err) }

func refusalReason(write performer.Write) string {
	switch write.Kind {
	case performer.KindService:
		return performer.ReasonServiceRefused
	case performer.KindPod:
		return performer.ReasonPodRefused
	case performer.KindBudget:
		return performer.ReasonBudgetRefused
	default:
		return performer.ReasonPerformerRefused
	}
}

// refusalMessage says what was refused, in the words of the API server. Those about a creation name the
// object already.
func refusalMessage(err error, write performer.Write) string {
	words := err.Error()
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		words = status.Status().Message
	}
	action := map[performer.Verb]string{
		performer.VerbTry:    "can't be created, so the Pod that it would replace stays",
		performer.VerbPatch:  "can't be patched",
		performer.VerbResize: "can't be resized",
		performer.VerbDelete: "can't be deleted",
	}[write.Verb]
	if action == "" {
		return words
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s", write.Kind, write.Name)) + " " + action + ": " + words
}

// namespaceTerminating reports whether a write failed because its namespace is being deleted.
func namespaceTerminating(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// lacksDryRun reports whether a dry run failed because a webhook does not support dry runs, which says
// nothing about the request.
func lacksDryRun(err error) bool {
	return apierrors.ReasonForError(err) == metav1.StatusReasonBadRequest && strings.Contains(err.Error(), "dry run")
}
