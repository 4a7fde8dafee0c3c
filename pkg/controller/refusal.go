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

// A refusal is an answer of the API server that trying again at once does not change. It becomes a
// condition of the Performer.
type refusal struct {
	problem *performer.Problem
	// lookAgain is when to try again, if the spec does not change before.
	lookAgain time.Duration
}

// Error names the reason alone: the message may quote the spec, and errors are logged.
func (r *refusal) Error() string {
	return "refused: " + r.problem.Reason
}

// after returns the refusal with what an earlier one of the same turn, or nil, adds: nothing to its
// problem, for what became of the pods matters more than what became of the Service before.
func (r *refusal) after(earlier *refusal) *refusal {
	if earlier == nil {
		return r
	}
	return &refusal{problem: r.problem, lookAgain: sooner(earlier.lookAgain, r.lookAgain)}
}

func serviceConflict(name string) error {
	return &refusal{
		problem: &performer.Problem{
			Kind:   performer.Terminal,
			Reason: performer.ReasonServiceConflict,
			Message: fmt.Sprintf("Service %s exists but is not owned by this Performer, and is left alone: "+
				"delete it, or create the Performer under another name", name),
		},
		lookAgain: refusedLookAgain,
	}
}

// refusedOr returns a refusal where err is one, and else err with what was being done.
func refusedOr(err error, reason, doing string) error {
	switch {
	case namespaceGoing(err):
		return err
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return &refusal{
			problem:   &performer.Problem{Kind: performer.Terminal, Reason: reason, Message: err.Error()},
			lookAgain: invalidLookAgain,
		}
	case apierrors.IsForbidden(err):
		// A quota may get room, a policy may be loosened, a permission may be granted.
		return &refusal{
			problem:   &performer.Problem{Kind: performer.Waiting, Reason: reason, Message: err.Error()},
			lookAgain: refusedLookAgain,
		}
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// namespaceGoing tells whether a write failed because its namespace is being deleted.
func namespaceGoing(err error) bool {
	return apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}
