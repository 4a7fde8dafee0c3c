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

// FuzzHandler sends any body to both webhooks: there is no panic, and no answer that is neither a yes, nor
// a no with its reason, nor an HTTP error. The corpus in testdata runs with the
// other tests: one input for each kind of answer, and what "make fuzz" has found worth keeping.
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
			var answer admissionv1.AdmissionReview
			if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil || answer.Response == nil || answer.Response.UID == "" {
				t.Fatalf("%s: no answer: %v", path, err)
			}
			if r := answer.Response; !r.Allowed && (r.Result == nil || r.Result.Message == "" || r.Result.Code == 0) {
				t.Fatalf("%s: refused without a reason", path)
			}
		}
	})
}

// FuzzDecision has any spec judged, and the metadata of any Performer filled in: what is filled in once is
// filled in for good, and never changes the revision.
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
				t.Errorf("a mistake without field or reason: %q", m)
			}
		}
		validation.Warnings(nil, p)
		validation.Warnings(p, p)
		once := p.DeepCopy()
		validation.DefaultMeta(once, !settings.WithoutFinalizer)
		twice := once.DeepCopy()
		validation.DefaultMeta(twice, !settings.WithoutFinalizer)
		if metadataPatch(&once.ObjectMeta, &twice.ObjectMeta) != nil {
			t.Error("the second time fills in something more")
		}
		if render.Revision(&p.Spec) != render.Revision(&once.Spec) {
			t.Error("what is filled in would start an upgrade")
		}
	})
}
