// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
)

func TestMutate(t *testing.T) {
	whole := strings.Replace(performerJSON("x", bad), `"uid":"u"`, `"uid":"u","finalizers":["hourglass.eigenlayer.io/performer-finalizer"],`+
		`"labels":{"app.kubernetes.io/name":"mine","app.kubernetes.io/part-of":"hourglass"}`, 1)
	for _, tt := range []struct {
		name, body string
		settings   performer.Settings
		patch      []string // operations; empty: no patch
	}{
		// The validating webhook denies it, not this one.
		{"neither labels nor finalizer", create(performerJSON("x", bad)), performer.Settings{}, []string{"add /metadata/labels", "add /metadata/finalizers"}},
		{"settings without a finalizer", create(performerJSON("x", good)), performer.Settings{WithoutFinalizer: true}, []string{"add /metadata/labels"}},
		{"labels and finalizer", create(whole), performer.Settings{}, nil},
		{"an update", update(performerJSON("x", good), performerJSON("x", shabby)), performer.Settings{}, nil},
		{"a deletion", review(kind + `,"operation":"DELETE","oldObject":` + performerJSON("x", bad)), performer.Settings{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			response := responseOf(t, post(newTestHandler(tt.settings, nil), MutatePath, tt.body))
			if !response.Allowed {
				t.Fatalf("denied: %+v", response.Result)
			}
			var operations []struct{ Op, Path string }
			if len(response.Patch) > 0 {
				if response.PatchType == nil || *response.PatchType != admissionv1.PatchTypeJSONPatch {
					t.Errorf("patch type %v", response.PatchType)
				}
				if err := json.Unmarshal(response.Patch, &operations); err != nil {
					t.Fatal(err)
				}
			}
			var got []string
			for _, o := range operations {
				got = append(got, o.Op+" "+o.Path)
			}
			if !slices.Equal(got, tt.patch) {
				t.Errorf("got %q, want %q", got, tt.patch)
			}
		})
	}
	response := responseOf(t, post(newTestHandler(performer.Settings{}, nil), MutatePath, create(`{"apiVersion":"v1","kind":"Pod"}`)))
	if response.Allowed {
		t.Error("a Pod is accepted as a Performer")
	}
}
