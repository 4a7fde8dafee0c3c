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

// TestRefusalsAreRetried wants that of every refusal, for what refuses is not watched: a policy and a webhook may say
// that a pod is invalid, and be changed.
func TestRefusalsAreRetried(t *testing.T) {
	pods := corev1.Resource("pods")
	for _, tt := range []struct {
		err          error
		kind         performer.ProblemKind
		requeueAfter time.Duration
	}{
		{apierrors.NewForbidden(pods, "a", errors.New("exceeded quota")), performer.Waiting, time.Minute},
		{apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("Pod").GroupKind(), "a", nil), performer.Terminal, 5 * time.Minute},
		{apierrors.NewBadRequest("admission webhook denied the request"), performer.Terminal, 5 * time.Minute},
		{serviceConflict("a"), performer.Terminal, time.Minute},
	} {
		refused := (*refusal)(nil)
		if !errors.As(tt.err, &refused) && !errors.As(refusedOr(tt.err, performer.ReasonPodRefused, "making a pod"), &refused) {
			t.Errorf("%v: no refusal", tt.err)
			continue
		}
		if refused.problem.Kind != tt.kind || refused.requeueAfter != tt.requeueAfter {
			t.Errorf("%v: kind %d, again in %s", tt.err, refused.problem.Kind, refused.requeueAfter)
		}
	}
	var refused *refusal
	if err := refusedOr(apierrors.NewInternalError(errors.New("etcd")), performer.ReasonPodRefused, "making a pod"); errors.As(err, &refused) {
		t.Errorf("%v counts as refused", err)
	}
}
