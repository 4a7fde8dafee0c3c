// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"testing"
)

func TestHidden(t *testing.T) {
	h := newHidden()
	h.add("a", "performer-a-0")
	h.add("a", "performer-a-0")
	h.add("a", "performer-a-1")
	h.add("b", "performer-b-0")
	if got := h.of("a"); !slices.Equal(got, []string{"performer-a-0", "performer-a-1"}) {
		t.Errorf("of a: %q", got)
	}
	h.drop("a", "performer-a-0")
	h.drop("c", "performer-c-0")
	if got := h.of("a"); !slices.Equal(got, []string{"performer-a-1"}) {
		t.Errorf("of a, one less: %q", got)
	}
	h.drop("a", "performer-a-1")
	h.forget("b")
	if len(h.pods) > 0 {
		t.Errorf("still remembered: %v", h.pods)
	}
}
