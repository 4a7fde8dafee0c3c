// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"testing"
)

func TestPinned(t *testing.T) {
	gomod := "module x\n\ngo 1.26\n\nrequire (\n\tk8s.io/kubernetes v1.37.2 // indirect\n)\nrequire a.b/c v0.1.0\nreplace k8s.io/api => k8s.io/api v0.37.2\n"
	for module, want := range map[string]string{"k8s.io/kubernetes": "v1.37.2", "a.b/c": "v0.1.0", "k8s.io/api": "", "none": ""} {
		if got := pinned(gomod, module); got != want {
			t.Errorf("pinned(%s) = %q, want %q", module, got, want)
		}
	}
}
