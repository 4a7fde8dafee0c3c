// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

// admitter decides on one request. It must set Allowed or Result of the answer, and leaves UID to the
// caller.
type admitter func(*admissionv1.AdmissionRequest, performer.Settings) *admissionv1.AdmissionResponse

// validate refuses what can't work and warns of what is most likely not meant. What it never holds up:
// deletion, changes of metadata and of the status, an object that is on its way out, and mistakes that
// were there before.
func validate(request *admissionv1.AdmissionRequest, settings performer.Settings) *admissionv1.AdmissionResponse {
	p, before, answer := decode(request)
	if answer != nil {
		return answer
	}
	if p.DeletionTimestamp != nil || before != nil && equality.Semantic.DeepEqual(p.Spec, before.Spec) {
		return allowed()
	}
	found := performer.Check(p, settings)
	if before != nil {
		found = added(found, performer.Check(before, settings))
	}
	answer = allowed()
	if len(found) > 0 {
		answer = invalid(request, found)
	}
	answer.Warnings = performer.Warnings(before, p)
	return answer
}

// added returns the mistakes that were not among those of before. The position in a list does not tell
// them apart: an edit that moves a wrong entry adds no mistake.
func added(found, before []performer.Mistake) []performer.Mistake {
	anywhere := func(m performer.Mistake) performer.Mistake {
		m.Field = positions.ReplaceAllString(m.Field, "[]")
		return m
	}
	known := map[performer.Mistake]int{}
	for _, m := range before {
		known[anywhere(m)]++
	}
	return slices.DeleteFunc(found, func(m performer.Mistake) bool {
		m = anywhere(m)
		known[m]--
		return known[m] >= 0
	})
}

// positions are those in the lists along the path of a field.
var positions = regexp.MustCompile(`\[\d+\]`)

// mutate fills in what performer.DefaultMeta does, in a Performer that is being made.
func mutate(request *admissionv1.AdmissionRequest, settings performer.Settings) *admissionv1.AdmissionResponse {
	p, _, answer := decode(request)
	if answer != nil {
		return answer
	}
	if request.Operation != admissionv1.Create {
		return allowed()
	}
	after := p.DeepCopy()
	performer.DefaultMeta(after, settings)
	patch := metadataPatch(&p.ObjectMeta, &after.ObjectMeta)
	if patch == nil {
		return allowed()
	}
	answer = allowed()
	answer.Patch, answer.PatchType = patch, new(admissionv1.PatchTypeJSONPatch)
	return answer
}

// metadataPatch returns the JSON patch that makes the labels and finalizers of one object those of
// another, or nil if they are the same. Only the metadata is sent, and so nothing of a spec that we
// might not know whole is lost.
func metadataPatch(from, to *metav1.ObjectMeta) []byte {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	var patch []operation
	if !equality.Semantic.DeepEqual(from.Labels, to.Labels) {
		// "add" replaces what is there already.
		patch = append(patch, operation{"add", "/metadata/labels", to.Labels})
	}
	if !equality.Semantic.DeepEqual(from.Finalizers, to.Finalizers) {
		patch = append(patch, operation{"add", "/metadata/finalizers", to.Finalizers})
	}
	if len(patch) == 0 {
		return nil
	}
	data, err := json.Marshal(patch)
	if err != nil {
		panic(err) // maps and lists of texts can always be written
	}
	return data
}

// decode reads the Performer of a request, and the one that it replaces, which is nil for a new one and
// for one that can't be read. Or it returns the answer at once: yes where there is nothing to judge, and
// no where the request contradicts itself.
func decode(request *admissionv1.AdmissionRequest) (p, before *v1alpha1.Performer, answer *admissionv1.AdmissionResponse) {
	want := v1alpha1.SchemeGroupVersion.WithKind("Performer")
	switch kind := request.Kind; {
	case kind.Group != want.Group || kind.Kind != want.Kind:
		return nil, nil, refused("this webhook handles %s, not %s of group %q: correct the rules in its webhook configuration", want.GroupKind(), kind.Kind, kind.Group)
	case kind.Version != want.Version:
		return nil, nil, refused("this webhook handles version %s of %s, not %s: correct the rules in its webhook configuration", want.Version, want.GroupKind(), kind.Version)
	case request.SubResource != "":
		return nil, nil, allowed()
	}
	switch request.Operation {
	case admissionv1.Create:
	case admissionv1.Update:
		before = &v1alpha1.Performer{}
		switch err := decodeObject(request.OldObject.Raw, before); {
		case errors.Is(err, errUnreadable):
			// Earlier CRDs let in quantities that cannot be read; refusing the update would keep them there.
			before = nil
		case err != nil:
			return nil, nil, refused("oldObject %s", err)
		}
	default:
		return nil, nil, allowed()
	}
	p = &v1alpha1.Performer{}
	if err := decodeObject(request.Object.Raw, p); err != nil {
		return nil, nil, refused("object %s", err)
	}
	if before != nil && (before.Name != p.Name || before.Namespace != p.Namespace || before.UID != p.UID) {
		return nil, nil, refused("object and oldObject are not the same Performer: they are %s/%s and %s/%s, or their UIDs differ",
			p.Namespace, p.Name, before.Namespace, before.Name)
	}
	return p, before, nil
}

// errUnreadable is what decodeObject returns of a Performer with a value that has the type that the
// schema wants, and that can't be read all the same.
var errUnreadable = errors.New("is not a valid Performer: a value can't be read, such as a quantity or a time")

// decodeObject reads a Performer. A decoder's own error may quote the object, and with it an
// environment; so the error tells only of what kind it is.
func decodeObject(raw []byte, p *v1alpha1.Performer) error {
	if len(raw) == 0 {
		return errors.New("is missing")
	}
	if err := json.Unmarshal(raw, p); err != nil {
		if typeError, ok := err.(*json.UnmarshalTypeError); ok && typeError.Field != "" { //nolint:errorlint // json returns it as it is
			return fmt.Errorf("is not a valid Performer: %s is a %s, but must be a %s", typeError.Field, typeError.Value, typeError.Type)
		}
		return errUnreadable
	}
	if p.APIVersion != v1alpha1.SchemeGroupVersion.String() || p.Kind != "Performer" {
		return fmt.Errorf("is a %s of %s, not a Performer of %s", p.Kind, p.APIVersion, v1alpha1.SchemeGroupVersion)
	}
	return nil
}

func allowed() *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{Allowed: true}
}

// refused is the answer to a request that makes no sense.
func refused(format string, args ...any) *admissionv1.AdmissionResponse {
	return &admissionv1.AdmissionResponse{Result: &metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusBadRequest, Reason: metav1.StatusReasonBadRequest,
		Message: fmt.Sprintf(format, args...),
	}}
}

// invalid is the answer to a Performer with mistakes, in the form of the API server's own validation,
// so that clients show it as they show that.
func invalid(request *admissionv1.AdmissionRequest, found []performer.Mistake) *admissionv1.AdmissionResponse {
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
