// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// A refusal is an answer of the API server that an immediate retry does not change. It becomes a
// condition of the Performer.
type refusal struct {
	problem *performer.Problem
	// requeueAfter is when to retry, unless the spec changes earlier.
	requeueAfter time.Duration
}

// Error names only the reason: the message may quote the spec, and errors are logged.
func (r *refusal) Error() string {
	return "refused: " + r.problem.Reason
}

// after combines the refusal with an earlier one of the same execution, or nil. The later problem wins:
// what became of the pods matters more than what became of the Service before.
func (r *refusal) after(earlier *refusal) *refusal {
	if earlier == nil {
		return r
	}
	return &refusal{problem: r.problem, requeueAfter: sooner(earlier.requeueAfter, r.requeueAfter)}
}

func serviceConflict(name string) error {
	return &refusal{
		problem: &performer.Problem{
			Kind:   performer.Terminal,
			Reason: performer.ReasonServiceConflict,
			Message: fmt.Sprintf("Service %s exists but is not owned by this Performer, and is left alone: "+
				"delete it, or create the Performer under another name", name),
		},
		requeueAfter: refusedRequeue,
	}
}

// refusedOr returns a refusal if err is one, and else err with what was being done.
func refusedOr(err error, reason, doing string) error {
	switch {
	case namespaceTerminating(err):
		return err
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return &refusal{
			problem:      &performer.Problem{Kind: performer.Terminal, Reason: reason, Message: err.Error()},
			requeueAfter: invalidRequeue,
		}
	case apierrors.IsForbidden(err):
		// A quota may be raised, a policy loosened, a permission granted.
		return &refusal{
			problem:      &performer.Problem{Kind: performer.Waiting, Reason: reason, Message: err.Error()},
			requeueAfter: refusedRequeue,
		}
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// namespaceTerminating reports whether a write failed because its namespace is being deleted.
func namespaceTerminating(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}
