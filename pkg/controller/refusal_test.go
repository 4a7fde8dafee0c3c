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
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// TestRefusals checks which answers are refusals, who can fix them, and what the condition says. The words
// are those of the API server.
func TestRefusals(t *testing.T) {
	pods, kind := corev1.Resource("pods"), corev1.SchemeGroupVersion.WithKind("Pod").GroupKind()
	pod := func(verb performer.Verb) performer.Write {
		return performer.Write{Verb: verb, Target: performer.Target{Kind: performer.KindPod, Name: "a"}}
	}
	// byPolicy is the answer that the API server makes of the denial by a policy with the given reason.
	byPolicy := func(reason metav1.StatusReason, code int32) error {
		const words = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"
		err := apierrors.NewForbidden(pods, "a", errors.New(words))
		err.ErrStatus.Reason, err.ErrStatus.Code = reason, code
		err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{Message: words})
		return err
	}
	// denied is the answer of the API server to a denial by a webhook, with the code that this chose.
	denied := func(reason metav1.StatusReason, code int32) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Reason: reason, Code: code,
			Message: `admission webhook "w" denied the request: no`}}
	}
	const policyMessage = `Pod a can't be patched: pods "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`
	for name, tt := range map[string]struct {
		err             error
		write           performer.Write
		kind            performer.ProblemKind
		reason, message string
	}{
		"quota": {apierrors.NewForbidden(pods, "a", errors.New("exceeded quota")), pod(performer.VerbCreate),
			performer.Waiting, performer.ReasonPodRefused, `pods "a" is forbidden: exceeded quota`},
		"validation": {apierrors.NewInvalid(kind, "a", field.ErrorList{field.Required(field.NewPath("spec"), "")}), pod(performer.VerbCreate),
			performer.Terminal, performer.ReasonPodRefused, `Pod "a" is invalid: spec: Required value`},
		"policy": {byPolicy(metav1.StatusReasonInvalid, http.StatusUnprocessableEntity), pod(performer.VerbPatch),
			performer.Waiting, performer.ReasonPodRefused, policyMessage},
		"policy on size": {byPolicy(metav1.StatusReasonRequestEntityTooLarge, http.StatusRequestEntityTooLarge), pod(performer.VerbPatch),
			performer.Waiting, performer.ReasonPodRefused, policyMessage},
		"policy on users": {byPolicy(metav1.StatusReasonUnauthorized, http.StatusUnauthorized), pod(performer.VerbPatch),
			performer.Waiting, performer.ReasonPodRefused, policyMessage},
		"webhook": {apierrors.NewBadRequest(`admission webhook "w" denied the request: no`), pod(performer.VerbDelete),
			performer.Waiting, performer.ReasonPodRefused, `Pod a can't be deleted: admission webhook "w" denied the request: no`},
		"webhook that answers not found": {denied(metav1.StatusReasonNotFound, http.StatusNotFound), pod(performer.VerbDelete),
			performer.Waiting, performer.ReasonPodRefused, `Pod a can't be deleted: admission webhook "w" denied the request: no`},
		"webhook that answers conflict": {denied(metav1.StatusReasonConflict, http.StatusConflict), pod(performer.VerbDelete),
			performer.Waiting, performer.ReasonPodRefused, `Pod a can't be deleted: admission webhook "w" denied the request: no`},
		"bad request": {apierrors.NewBadRequest("unknown field"), pod(performer.VerbCreate),
			performer.Terminal, performer.ReasonPodRefused, "unknown field"},
		"Service": {apierrors.NewForbidden(corev1.Resource("services"), "s", errors.New("no")), performer.Write{Verb: performer.VerbDelete, Target: performer.Target{Kind: performer.KindService, Name: "s"}},
			performer.Waiting, performer.ReasonServiceRefused, `Service s can't be deleted: services "s" is forbidden: no`},
		"Performer": {apierrors.NewForbidden(corev1.Resource("performers"), "p", errors.New("no")), performer.Write{Verb: performer.VerbPatch, Target: performer.Target{Kind: performer.KindPerformer}},
			performer.Waiting, performer.ReasonPerformerRefused, `Performer can't be patched: performers "p" is forbidden: no`},
		"conflict of Services": {serviceConflict("s"), pod(performer.VerbCreate),
			performer.Terminal, performer.ReasonServiceConflict, "Service s exists but is not owned by this Performer, and is left alone: delete it, or create the Performer under another name"},
	} {
		refusal := refusalOf(tt.err, tt.write)
		if refusal == nil {
			t.Errorf("%s: %v is not a refusal", name, tt.err)
			continue
		}
		if p := refusal.problem; p.Kind != tt.kind || p.Reason != tt.reason || p.Message != tt.message {
			t.Errorf("%s: problem %+v, want %d, %s, %s", name, *p, tt.kind, tt.reason, tt.message)
		}
	}
	if gone(denied(metav1.StatusReasonNotFound, http.StatusNotFound)) || !gone(apierrors.NewNotFound(pods, "a")) {
		t.Error("a denial counts as a pod that is gone, or one that is gone doesn't")
	}
	for name, err := range map[string]error{
		"internal error": apierrors.NewInternalError(errors.New("etcd")),
		"conflict":       apierrors.NewConflict(pods, "a", errors.New("modified")),
		"own token":      apierrors.NewUnauthorized("expired"),
		"network":        errors.New("connection refused"),
	} {
		if refusalOf(err, pod(performer.VerbPatch)) != nil {
			t.Errorf("%s counts as a refusal", name)
		}
	}
}

func TestQuotaThatOnlyTheReplacedPodExceeds(t *testing.T) {
	replaced := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Resources: corev1.ResourceRequirements{
		Limits: corev1.ResourceList{"cpu": quantity("1")}, Requests: corev1.ResourceList{"cpu": quantity("500m"), "nvidia.com/gpu": quantity("1")},
	}}}}}
	for message, want := range map[string]bool{
		"exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1":                                                          true,
		"exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=1":                                                          false,
		"exceeded quota: q, requested: limits.cpu=3, used: limits.cpu=1, limited: limits.cpu=2":                                        false,
		"exceeded quota: q, requested: limits.cpu=2, used: limits.cpu=1, limited: limits.cpu=2":                                        true,
		"exceeded quota: q, requested: cpu=1,pods=1, used: cpu=500m,pods=1, limited: cpu=1,pods=1":                                     true,
		"exceeded quota: q, requested: requests.nvidia.com/gpu=1, used: requests.nvidia.com/gpu=1, limited: requests.nvidia.com/gpu=1": true,
		"exceeded quota: q, requested: requests.memory=1Gi, used: requests.memory=1Gi, limited: requests.memory=1Gi":                   false,
		"some policy says no": false,
	} {
		err := apierrors.NewForbidden(corev1.Resource("pods"), "a", errors.New(message))
		if got := fitsQuotaWithout(err, replaced); got != want {
			t.Errorf("%s: fits %v, want %v", message, got, want)
		}
	}
}
