// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package contention

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestDoubled(t *testing.T) {
	for n, want := range map[int]float64{-1: 2, 0: 2, 1: 4, 3: 16, 5: 50, 1000: 50} {
		if got := Doubled(2*time.Second, n, 50*time.Second); got.Seconds() != want {
			t.Errorf("doubled %d times: %s, want %v s", n, got, want)
		}
	}
}

func TestLastManager(t *testing.T) {
	entry := func(manager string, minute int, fields string) metav1.ManagedFieldsEntry {
		at := metav1.Date(2026, 1, 2, 3, minute, 0, 0, time.UTC)
		return metav1.ManagedFieldsEntry{Manager: manager, Time: &at, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	object := &metav1.ObjectMeta{ManagedFields: []metav1.ManagedFieldsEntry{
		{Manager: "no-time"},
		entry("kubectl", 2, `{"f:metadata":{"f:labels":{"f:a":{}}}}`),
		entry("labeler", 1, `{"f:metadata":{"f:labels":{"f:a":{},"f:b":{}}}}`),
		entry("broken", 3, `{`),
	}}
	a, b, c := []string{"f:metadata", "f:labels", "f:a"}, []string{"f:metadata", "f:labels", "f:b"}, []string{"f:spec", "f:a"}
	for _, tt := range []struct {
		name  string
		paths [][]string
		want  string
	}{
		{"two own it", [][]string{a}, "kubectl"},
		{"one owns it", [][]string{b}, "labeler"},
		{"one of several fields", [][]string{c, b}, "labeler"},
		{"nobody owns it", [][]string{c}, ""},
		{"a field below a field", [][]string{{"f:metadata", "f:labels", "f:a", "f:x"}}, ""},
	} {
		if got := LastManager(object, func(e *metav1.ManagedFieldsEntry) bool { return Owns(e, tt.paths...) }); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := LastManager(object, func(*metav1.ManagedFieldsEntry) bool { return true }); got != "broken" {
		t.Errorf("the last of all is %q", got)
	}
}
