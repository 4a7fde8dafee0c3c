// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"regexp"
	"slices"

	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/validation"
)

// admitFunc decides on a request. It sets Allowed or Result of the response; the caller sets UID.
type admitFunc func(*admissionv1.AdmissionRequest, performer.Settings) *admissionv1.AdmissionResponse

// validate denies a Performer that can't work, and warns about what is probably a mistake. It never
// denies a deletion, a change of metadata or status, a change of a Performer that is being deleted,
// or a mistake that the old Performer already had.
func validate(request *admissionv1.AdmissionRequest, settings performer.Settings) *admissionv1.AdmissionResponse {
	p, old, response := decodePerformers(request)
	if response != nil {
		return response
	}
	if p.DeletionTimestamp != nil || old != nil && equality.Semantic.DeepEqual(p.Spec, old.Spec) {
		return allowed()
	}
	found := validation.Validate(p, settings.TEEs)
	if old != nil {
		found = newMistakes(found, validation.Validate(old, settings.TEEs))
	}
	response = allowed()
	if len(found) > 0 {
		response = invalid(request, found)
	}
	response.Warnings = validation.Warnings(old, p)
	return response
}

// newMistakes returns the mistakes that are not among the old ones. It ignores positions in lists,
// since moving a wrong entry adds no mistake.
func newMistakes(found, old []render.Mistake) []render.Mistake {
	withoutPositions := func(m render.Mistake) render.Mistake {
		m.Field = positions.ReplaceAllString(m.Field, "[]")
		return m
	}
	known := map[render.Mistake]int{}
	for _, m := range old {
		known[withoutPositions(m)]++
	}
	return slices.DeleteFunc(found, func(m render.Mistake) bool {
		m = withoutPositions(m)
		known[m]--
		return known[m] >= 0
	})
}

// positions matches the positions in lists in the path of a field.
var positions = regexp.MustCompile(`\[\d+\]`)
