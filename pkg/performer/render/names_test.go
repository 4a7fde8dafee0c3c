// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"
)

func TestLabelValue(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"an address is kept", "0x1234567890abcdef1234567890abcdef12345678", "0x1234567890abcdef1234567890abcdef12345678"},
		{"what existing clients send is kept", "0xtest-avs-address", "0xtest-avs-address"},
		{"a dot at the end", "0x123...", "0x123-4f2cfeb1"},
		{"spaces and slashes", " a b/c ", "a-b-c-a8151486"},
		{"no allowed characters", "***", "596f4162"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := LabelValue(tt.in); got != tt.want {
				t.Errorf("LabelValue(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestLabelValueIsAlwaysValid(t *testing.T) {
	seen := map[string]string{}
	for _, in := range []string{
		strings.Repeat("a", 63), strings.Repeat("a", 64), strings.Repeat("a", 200), strings.Repeat("-", 80),
		strings.Repeat("a", 54) + strings.Repeat(".", 20), "日本語", "a\nb", "a b", "a/b", "-a", "a-", "_",
	} {
		got := LabelValue(in)
		if problems := validation.IsValidLabelValue(got); len(problems) > 0 || got == "" {
			t.Errorf("LabelValue(%q) = %q: %v", in, got, problems)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%q and %q both become %q", in, other, got)
		}
		seen[got] = in
	}
}

func TestPodOrdinal(t *testing.T) {
	tests := []struct {
		pod     string
		ordinal int32
		ok      bool
	}{
		{"performer-x-0", 0, true},
		{"performer-x-17", 17, true},
		{"performer-x", 0, false},     // a pod of the earlier operator
		{"performer-x-y-0", 0, false}, // a pod of the Performer x-y
		{"performer-x-007", 0, false}, // would be a second name for ordinal 7
		{"performer-x--1", 0, false},  // ordinals are never negative
		{"performer-x-1e3", 0, false},
		{"performer-xx-0", 0, false},
		{"performer-x-9999999999", 0, false},
	}
	for _, tt := range tests {
		if ordinal, ok := PodOrdinal("x", tt.pod); ordinal != tt.ordinal || ok != tt.ok {
			t.Errorf("PodOrdinal(x, %s) = %d, %v; want %d, %v", tt.pod, ordinal, ok, tt.ordinal, tt.ok)
		}
	}
}

func TestNameMistake(t *testing.T) {
	for name, want := range map[string]string{
		"a":                     "",
		strings.Repeat("a", 53): "",
		strings.Repeat("a", 54): "metadata.name: invalid name of 54 characters: expected at most 53, since the Service is named performer-<name>; " +
			"recreate the Performer under a shorter name",
		"a.b": `metadata.name: invalid name "a.b": expected a name without dots, since the Service is named performer-<name>; ` +
			"recreate the Performer under another name",
	} {
		got := ""
		if mistake := NameMistake(name); mistake != nil {
			got = mistake.String()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestEndpoint(t *testing.T) {
	p := newPerformer()
	if got, want := Endpoint(p, "example.org", GRPCPort(&p.Spec)), "performer-x.ns.svc.example.org:9090"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	p.Spec.Config.GRPCPort = 8080
	if got, want := Endpoint(p, DefaultClusterDomain, GRPCPort(&p.Spec)), "performer-x.ns.svc.cluster.local:8080"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPerformerOfPod(t *testing.T) {
	for pod, want := range map[string]string{
		"performer-a-0": "a", "performer-a-b-12": "a-b", "performer-performer-a-0-1": "performer-a-0",
		"performer-a": "", "performer-0": "", "performer--0": "", "performer-a-01": "", "performer-a-x": "", "other-a-0": "", "performer-": "", "": "",
	} {
		if got, ok := PerformerOfPod(pod); ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %t, want %q", pod, got, ok, want)
		}
	}
}
