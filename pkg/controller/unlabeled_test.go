// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"testing"
)

func TestUnlabeledPods(t *testing.T) {
	u := newUnlabeledPods()
	u.add("a", "performer-a-0")
	u.add("a", "performer-a-0")
	u.add("a", "performer-a-1")
	u.add("b", "performer-b-0")
	if got := u.of("a"); !slices.Equal(got, []string{"performer-a-0", "performer-a-1"}) {
		t.Errorf("got %q", got)
	}
	u.drop("a", "performer-a-0")
	u.drop("c", "performer-c-0")
	if got := u.of("a"); !slices.Equal(got, []string{"performer-a-1"}) {
		t.Errorf("after drop: got %q", got)
	}
	u.drop("a", "performer-a-1")
	u.forget("b")
	if len(u.pods) > 0 {
		t.Errorf("entries are kept: %v", u.pods)
	}
}
