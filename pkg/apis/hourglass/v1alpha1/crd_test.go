// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"os"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestCRDCanBeApplied checks the size of the CRD. kubectl apply stores the whole object as JSON in
// one annotation, and the API server accepts at most 262,144 bytes of annotations.
func TestCRDCanBeApplied(t *testing.T) {
	const limit = 200_000
	file, err := os.ReadFile("../../../../manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	object, err := yaml.YAMLToJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(object) > limit {
		t.Errorf("the CRD is %d bytes of JSON, more than %d: embed less, or shorten the doc comments", len(object), limit)
	}
	t.Logf("%d bytes", len(object))
}
