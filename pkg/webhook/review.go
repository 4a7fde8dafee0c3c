// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// decodeReview reads an AdmissionReview with a request. Its errors don't quote the request.
func decodeReview(data []byte) (*admissionv1.AdmissionReview, error) {
	review := &admissionv1.AdmissionReview{}
	if json.Unmarshal(data, review) != nil {
		return nil, errors.New("invalid body: expected an AdmissionReview in JSON")
	}
	want := admissionv1.SchemeGroupVersion.String()
	switch {
	case review.Kind != "AdmissionReview" || review.APIVersion != want:
		return nil, fmt.Errorf("invalid body: expected kind AdmissionReview and apiVersion %s", want)
	case review.Request == nil:
		return nil, errors.New("request is missing in the AdmissionReview")
	case review.Request.UID == "":
		return nil, errors.New("request.uid is missing in the AdmissionReview")
	}
	return review, nil
}

// decodePerformers reads the Performer of a request, and the old one that it replaces. old is nil
// for a new Performer, and if the old one can't be parsed. A response is returned if there is
// nothing more to decide: it allows the request if that is not about the metadata or the spec of a
// Performer, and denies the request if that is malformed.
func decodePerformers(request *admissionv1.AdmissionRequest) (p, old *v1alpha1.Performer, response *admissionv1.AdmissionResponse) {
	want := v1alpha1.SchemeGroupVersion.WithKind("Performer")
	switch kind := request.Kind; {
	case kind.Group != want.Group || kind.Kind != want.Kind:
		return nil, nil, malformed("request.kind: invalid kind %q of group %q: expected %s; correct the rules in the webhook configuration", kind.Kind, kind.Group, want.GroupKind())
	case kind.Version != want.Version:
		return nil, nil, malformed("request.kind: invalid version %q of %s: expected %s; correct the rules in the webhook configuration", kind.Version, want.GroupKind(), want.Version)
	case request.SubResource != "":
		return nil, nil, allowed()
	}
	switch request.Operation {
	case admissionv1.Create:
	case admissionv1.Update:
		old = &v1alpha1.Performer{}
		switch err := decodePerformer("oldObject", request.OldObject.Raw, old); {
		case errors.Is(err, errUnparsable):
			// Earlier CRDs admitted quantities that can't be parsed. Denying the update would keep
			// them.
			old = nil
		case err != nil:
			return nil, nil, malformed("%s", err)
		}
	default:
		return nil, nil, allowed()
	}
	p = &v1alpha1.Performer{}
	if err := decodePerformer("object", request.Object.Raw, p); err != nil {
		return nil, nil, malformed("%s", err)
	}
	if old != nil && (old.Name != p.Name || old.Namespace != p.Namespace || old.UID != p.UID) {
		return nil, nil, malformed("object: invalid Performer %s/%s with UID %q: expected the Performer of oldObject, %s/%s with UID %q",
			p.Namespace, p.Name, p.UID, old.Namespace, old.Name, old.UID)
	}
	return p, old, nil
}

// errUnparsable is the error of decodePerformer for a value of the right type that can't be parsed.
var errUnparsable = errors.New("invalid Performer: a value, such as a quantity or a time, cannot be parsed")

// decodePerformer reads a Performer from a field of the request. The errors of the JSON decoder may
// quote the object, and so environment variables; the errors of decodePerformer don't.
func decodePerformer(field string, raw []byte, p *v1alpha1.Performer) error {
	if len(raw) == 0 {
		return fmt.Errorf("%s is missing in the request", field)
	}
	if err := json.Unmarshal(raw, p); err != nil {
		if typeError, ok := err.(*json.UnmarshalTypeError); ok && typeError.Field != "" { //nolint:errorlint // json returns it unwrapped
			return fmt.Errorf("%s: invalid Performer: %s is a %s: expected a %s", field, typeError.Field, typeError.Value, typeError.Type)
		}
		return fmt.Errorf("%s: %w", field, errUnparsable)
	}
	if p.APIVersion != v1alpha1.SchemeGroupVersion.String() || p.Kind != "Performer" {
		return fmt.Errorf("%s: invalid kind %q of apiVersion %q: expected Performer of %s", field, p.Kind, p.APIVersion, v1alpha1.SchemeGroupVersion)
	}
	return nil
}

func allowed() *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{Allowed: true}
}

// malformed is the response to a request that contradicts itself or is not for this webhook.
func malformed(format string, args ...any) *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{Result: &metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusBadRequest, Reason: metav1.StatusReasonBadRequest,
		Message: fmt.Sprintf(format, args...),
	}}
}

// invalid is the response to a Performer with mistakes. It has the form of the API server's own
// validation errors, so that clients print it in the same way.
func invalid(request *admissionv1.AdmissionRequest, found []render.Mistake) *admissionv1.AdmissionResponse {
	var (
		causes []metav1.StatusCause
		texts  []string
	)
	for _, m := range found {
		causes = append(causes, metav1.StatusCause{Type: metav1.CauseTypeFieldValueInvalid, Field: m.Field, Message: m.Why})
		texts = append(texts, m.String())
	}
	return &admissionv1.AdmissionResponse{Result: &metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusUnprocessableEntity, Reason: metav1.StatusReasonInvalid,
		Message: strings.Join(texts, "; "),
		Details: &metav1.StatusDetails{Name: request.Name, Group: request.Kind.Group, Kind: request.Kind.Kind, Causes: causes},
	}}
}
