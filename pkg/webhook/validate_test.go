// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

func TestValidate(t *testing.T) {
	dying := strings.Replace(performerJSON("x", worse), `"uid":"u"`, `"uid":"u","deletionTimestamp":"2026-01-01T00:00:00Z"`, 1)
	for _, tt := range []struct {
		name, body string
		denied     []string // parts of the message; none: allowed
		warnings   []string
	}{
		{"good", create(performerJSON("x", good)), nil, nil},
		{"two mistakes", create(performerJSON("x", bad)), []string{`spec.image: invalid image name "Repo"`, `spec.podLabels: invalid key "no key"`}, nil},
		{"an invalid name", create(performerJSON("with.dot", good)), []string{`metadata.name: invalid name "with.dot"`}, nil},
		{"warnings", create(performerJSON("x", shabby)), nil, []string{"spec.avsAddress", "no tag"}},
		{"a change that fixes all mistakes", update(performerJSON("x", good), performerJSON("x", bad)), nil, nil},
		{"a change that adds mistakes", update(performerJSON("x", bad), performerJSON("x", good)), []string{"spec.image", "spec.podLabels"}, nil},
		{"a change that adds another mistake", update(performerJSON("x", worse), performerJSON("x", bad)), []string{"spec.volumeMounts[0].name"}, nil},
		{"the same mistakes", update(performerJSON("x", bad), performerJSON("x", strings.Replace(bad, planted, "x", 1))), nil, nil},
		{"a spec that becomes too large", update(performerJSON("x", sized(1<<18)), performerJSON("x", good)), []string{"spec"}, nil},
		{"another size of a spec that was too large", update(performerJSON("x", sized(1<<18)), performerJSON("x", sized(1<<19))), nil, nil},
		{"a mistake before an old one in its list", update(performerJSON("x", mounting("new", "old")), performerJSON("x", mounting("old"))), []string{"spec.volumeMounts[0].name"}, nil},
		{"an old mistake that moved in its list", update(performerJSON("x", mounting("b", "a")), performerJSON("x", mounting("a", "b"))), nil, nil},
		{"the same mistake a second time", update(performerJSON("x", mounting("a", "a")), performerJSON("x", mounting("a"))), []string{"spec.volumeMounts[1].name"}, nil},
		{"a fix of an old object that cannot be parsed", update(performerJSON("x", good), performerJSON("x", unparsable)), nil, nil},
		{"a mistake in an old object that cannot be parsed", update(performerJSON("x", bad), performerJSON("x", unparsable)), []string{"spec.image"}, nil},
		{"another port", update(performerJSON("x", strings.Replace(good, `"config":{`, `"config":{"grpcPort":1,`, 1)), performerJSON("x", good)), nil, []string{"from 9090 to 1"}},
		{"a change of metadata", update(performerJSON("x", shabby), performerJSON("x", shabby)), nil, nil},
		{"a change of an object that is being deleted", update(dying, performerJSON("x", good)), nil, nil},
		{"the status", review(kind + `,"subResource":"status","operation":"UPDATE"`), nil, nil},
		{"a deletion", review(kind + `,"operation":"DELETE","oldObject":` + performerJSON("x", bad)), nil, nil},

		{"another kind", review(`"kind":{"group":"","version":"v1","kind":"Pod"},"operation":"CREATE","object":{}`), []string{`request.kind: invalid kind "Pod" of group "": expected Performer.hourglass.eigenlayer.io; correct the rules in the webhook configuration`}, nil},
		{"another version", review(`"kind":{"group":"hourglass.eigenlayer.io","version":"v9","kind":"Performer"},"operation":"CREATE","object":{}`), []string{`request.kind: invalid version "v9" of Performer.hourglass.eigenlayer.io: expected v1alpha1; correct the rules in the webhook configuration`}, nil},
		{"no object", review(kind + `,"operation":"CREATE"`), []string{"object is missing in the request"}, nil},
		{"no old object", review(kind + `,"operation":"UPDATE","object":` + performerJSON("x", good)), []string{"oldObject is missing in the request"}, nil},
		{"another kind of object", create(`{"apiVersion":"v1","kind":"Pod"}`), []string{`object: invalid kind "Pod" of apiVersion "v1": expected Performer of hourglass.eigenlayer.io/v1alpha1`}, nil},
		{"an object that is a number", create(`7`), []string{"object: invalid Performer: a value, such as a quantity or a time, cannot be parsed"}, nil},
		{"a field of another type", create(performerJSON("x", `{"image":7}`)), []string{"object: invalid Performer: spec.image is a number: expected a string"}, nil},
		{"an invalid quantity", create(performerJSON("x", `{"resources":{"limits":{"cpu":"`+planted+`"}}}`)), []string{"object: invalid Performer: a value, such as a quantity or a time, cannot be parsed"}, nil},
		{"two Performers", update(performerJSON("x", good), performerJSON("y", good)), []string{`object: invalid Performer ns/x with UID "u": expected the Performer of oldObject, ns/y with UID "u"`}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var served seen
			response := responseOf(t, post(newTestHandler(performer.Settings{}, &served), ValidatePath, tt.body))
			want := "validate allowed"
			if len(tt.denied) > 0 {
				want = "validate denied"
			}
			if response.Allowed != (len(tt.denied) == 0) || !slices.Equal(served, seen{want}) {
				t.Fatalf("allowed %v: %+v; counted as %q", response.Allowed, response.Result, served)
			}
			for _, part := range tt.denied {
				if !strings.Contains(response.Result.Message, part) {
					t.Errorf("the message lacks %q: %s", part, response.Result.Message)
				}
			}
			if !response.Allowed && (response.Result.Code < 400 || response.Result.Code > 499) {
				t.Errorf("code %d", response.Result.Code)
			}
			if len(response.Warnings) != len(tt.warnings) {
				t.Fatalf("warnings %q, want %q", response.Warnings, tt.warnings)
			}
			for i, part := range tt.warnings {
				if !strings.Contains(response.Warnings[i], part) {
					t.Errorf("the warning lacks %q: %s", part, response.Warnings[i])
				}
			}
			if len(response.Patch) > 0 {
				t.Errorf("the validating webhook returns a patch: %s", response.Patch)
			}
		})
	}
}
