// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"net/http"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/validation"
)

// FuzzHandler sends arbitrary bodies to both webhooks. There must be no panic, and each response
// must allow the request, deny it with a reason, or be an HTTP error. The corpus in testdata runs
// with the other tests: one input for each kind of response, and inputs that "make fuzz" found.
func FuzzHandler(f *testing.F) {
	for _, seed := range []string{
		create(performerJSON("x", good)), create(performerJSON("x", bad)), update(performerJSON("x", bad), performerJSON("x", worse)),
		create(`7`), review(kind + `,"operation":"DELETE"`), "{", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{ValidatePath, MutatePath} {
			recorder := post(newTestHandler(performer.Settings{}, nil), path, body)
			switch recorder.Code {
			case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
				continue
			case http.StatusOK:
			default:
				t.Fatalf("%s: status %d: %s", path, recorder.Code, recorder.Body)
			}
			var review admissionv1.AdmissionReview
			if err := json.Unmarshal(recorder.Body.Bytes(), &review); err != nil || review.Response == nil || review.Response.UID == "" {
				t.Fatalf("%s: not a response: %v", path, err)
			}
			if r := review.Response; !r.Allowed && (r.Result == nil || r.Result.Message == "" || r.Result.Code == 0) {
				t.Fatalf("%s: denied without a reason", path)
			}
		}
	})
}

// FuzzDecision checks arbitrary Performers and adds the metadata defaults. Adding them a second
// time must change nothing, and they must not change the revision.
func FuzzDecision(f *testing.F) {
	for _, spec := range []string{good, bad, worse, shabby, `{"config":{"env":[{"name":"A"}]}}`} {
		f.Add(performerJSON("x", spec))
	}
	f.Fuzz(func(t *testing.T, object string) {
		p := &v1alpha1.Performer{}
		if json.Unmarshal([]byte(object), p) != nil {
			t.Skip()
		}
		settings := performer.Settings{TEEs: render.DefaultTEEs()}
		for _, m := range validation.Validate(p, settings.TEEs) {
			if m.Field == "" || m.Why == "" {
				t.Errorf("a mistake without a field or a reason: %q", m)
			}
		}
		validation.Warnings(nil, p)
		validation.Warnings(p, p)
		once := p.DeepCopy()
		validation.DefaultMeta(once, !settings.WithoutFinalizer)
		twice := once.DeepCopy()
		validation.DefaultMeta(twice, !settings.WithoutFinalizer)
		if metadataPatch(&once.ObjectMeta, &twice.ObjectMeta) != nil {
			t.Error("adding the defaults a second time changes the metadata")
		}
		if render.Revision(&p.Spec) != render.Revision(&once.Spec) {
			t.Error("the defaults change the revision")
		}
	})
}
