// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/klog/v2"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// planted is the value of an environment variable, which no response may contain.
const planted = "planted-value"

func performerJSON(name, spec string) string {
	return fmt.Sprintf(`{"apiVersion":"hourglass.eigenlayer.io/v1alpha1","kind":"Performer","metadata":{"name":%q,"namespace":"ns","uid":"u"},"spec":%s}`, name, spec)
}

const (
	kind   = `"kind":{"group":"hourglass.eigenlayer.io","version":"v1alpha1","kind":"Performer"}`
	good   = `{"avsAddress":"0x0123456789abcdef0123456789abcdef01234567","image":"repo:1","config":{"environment":{"A":"` + planted + `"}}}`
	bad    = `{"avsAddress":"0x0123456789abcdef0123456789abcdef01234567","image":"Repo:1","podLabels":{"no key":"x"},"config":{"environment":{"A":"` + planted + `"}}}`
	worse  = `{"avsAddress":"0x0123456789abcdef0123456789abcdef01234567","image":"Repo:1","podLabels":{"no key":"x"},"volumeMounts":[{"name":"v","mountPath":"/v"}]}`
	shabby = `{"avsAddress":"x","image":"repo"}`

	unparsable = `{"avsAddress":"0x0123456789abcdef0123456789abcdef01234567","image":"repo:1","resources":{"limits":{"cpu":"1e1.5"}}}`
)

// sized returns a spec with a variable of that length.
func sized(length int) string { return strings.Replace(good, planted, strings.Repeat("x", length), 1) }

// mounting returns a spec that mounts volumes it does not have.
func mounting(volumes ...string) string {
	mounts := make([]string, len(volumes))
	for i, volume := range volumes {
		mounts[i] = fmt.Sprintf(`{"name":%q,"mountPath":"/%d"}`, volume, i)
	}
	return strings.TrimSuffix(good, "}") + `,"volumeMounts":[` + strings.Join(mounts, ",") + `]}`
}

func review(request string) string {
	return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1",` + request + `}}`
}

func create(object string) string {
	return review(kind + `,"operation":"CREATE","name":"x","namespace":"ns","object":` + object)
}

func update(object, oldObject string) string {
	return review(kind + `,"operation":"UPDATE","name":"x","namespace":"ns","object":` + object + `,"oldObject":` + oldObject)
}

// seen collects the calls of Config.Served.
type seen []string

func newTestHandler(s performer.Settings, served *seen) *Handler {
	if s.TEEs == nil {
		s.TEEs = render.DefaultTEEs()
	}
	return NewHandler(Config{Settings: s, Logger: klog.Background(), Served: func(operation, result string, _ float64) {
		if served != nil {
			*served = append(*served, operation+" "+result)
		}
	}})
}

func post(h http.Handler, path, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	return recorder
}

func responseOf(t *testing.T, recorder *httptest.ResponseRecorder) *admissionv1.AdmissionResponse {
	t.Helper()
	if recorder.Code != http.StatusOK {
		t.Fatalf("status %d: %s", recorder.Code, recorder.Body)
	}
	if strings.Contains(recorder.Body.String(), planted) {
		t.Errorf("the response contains an environment variable: %s", recorder.Body)
	}
	review := &admissionv1.AdmissionReview{}
	if err := json.Unmarshal(recorder.Body.Bytes(), review); err != nil {
		t.Fatal(err)
	}
	if review.APIVersion != "admission.k8s.io/v1" || review.Kind != "AdmissionReview" || review.Response == nil || review.Response.UID != "1" {
		t.Fatalf("not a response to the request: %s", recorder.Body)
	}
	return review.Response
}
