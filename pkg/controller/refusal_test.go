// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// TestRefusalsAreRetried checks the problem and the retry of every refusal. All are retried, since
// whatever refuses a request, such as a policy or a webhook, is not watched and may change.
func TestRefusalsAreRetried(t *testing.T) {
	pods := corev1.Resource("pods")
	for _, tt := range []struct {
		err          error
		kind         performer.ProblemKind
		requeueAfter time.Duration
		message      string
	}{
		{apierrors.NewForbidden(pods, "a", errors.New("exceeded quota")), performer.Waiting, time.Minute,
			`pods "a" is forbidden: exceeded quota`},
		{apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Pod").GroupKind(), "a", nil), performer.Terminal, 5 * time.Minute,
			`Pod "a" is invalid`},
		{apierrors.NewBadRequest("admission webhook denied the request"), performer.Terminal, 5 * time.Minute,
			"admission webhook denied the request"},
		{serviceConflict("a"), performer.Terminal, time.Minute,
			"Service a exists but is not owned by this Performer, and is left alone: delete it, or create the Performer under another name"},
	} {
		refused := (*refusal)(nil)
		if !errors.As(tt.err, &refused) && !errors.As(refusedOr(tt.err, performer.ReasonPodRefused, "creating pod a"), &refused) {
			t.Errorf("%v is not a refusal", tt.err)
			continue
		}
		if refused.problem.Kind != tt.kind || refused.requeueAfter != tt.requeueAfter {
			t.Errorf("%v: kind %d, requeued after %s", tt.err, refused.problem.Kind, refused.requeueAfter)
		}
		if refused.problem.Message != tt.message {
			t.Errorf("message %q, want %q", refused.problem.Message, tt.message)
		}
	}
	var refused *refusal
	if err := refusedOr(apierrors.NewInternalError(errors.New("etcd")), performer.ReasonPodRefused, "creating pod a"); errors.As(err, &refused) {
		t.Errorf("%v counts as a refusal", err)
	}
}
