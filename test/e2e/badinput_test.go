//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

func TestBadInputIsRefused(t *testing.T) {
	t.Parallel()
	ns := cluster.Namespace(t)
	// yaml returns a Performer of a name and the lines of its spec.
	yaml := func(name string, spec ...string) string {
		return fmt.Sprintf("apiVersion: hourglass.eigenlayer.io/v1alpha1\nkind: Performer\nmetadata:\n  name: %q\nspec:\n  %s\n",
			name, strings.Join(spec, "\n  "))
	}
	const avs, image = `avsAddress: "0x1"`, `image: "a:b"`
	for _, test := range []struct {
		name, yaml string
		// message are parts of the message: the field, and what is accepted.
		message []string
	}{
		{"no image", yaml("a", avs), []string{"spec.image", "Required value"}},
		{"empty image", yaml("a", avs, `image: ""`), []string{"spec.image", "at least 1"}},
		{"no avsAddress", yaml("a", image), []string{"spec.avsAddress", "Required value"}},
		{"empty avsAddress", yaml("a", image, `avsAddress: ""`), []string{"spec.avsAddress", "at least 1"}},
		{"port 0", yaml("a", avs, image, "config: {grpcPort: 0}"), []string{"spec.config.grpcPort", "greater than or equal to 1"}},
		{"port 70000", yaml("a", avs, image, "config: {grpcPort: 70000}"), []string{"spec.config.grpcPort", "less than or equal to 65535"}},
		{"port that is a string", yaml("a", avs, image, "config: {grpcPort: http}"), []string{"spec.config.grpcPort", "integer"}},
		{"name of 54 characters", yaml(strings.Repeat("n", 54), avs, image), []string{"metadata.name", "53"}},
		{"name with a dot", yaml("a.b", avs, image), []string{"metadata.name", "dot"}},
		{
			"environment name in the map and in environmentFrom",
			yaml("a", avs, image, "config:",
				"  environment: {TWICE: x}",
				"  environmentFrom: [{name: TWICE, valueFrom: {secretKeyRef: {name: s, key: k}}}]"),
			[]string{"spec.config", "environment", "TWICE"},
		},
		{
			"environment name twice in environmentFrom",
			yaml("a", avs, image, "config:",
				"  environmentFrom:",
				"  - {name: TWICE, valueFrom: {secretKeyRef: {name: s, key: k}}}",
				"  - {name: TWICE, valueFrom: {configMapKeyRef: {name: c, key: k}}}"),
			[]string{"spec.config.environmentFrom[1]", "Duplicate value", "TWICE"},
		},
		{
			"environment value without a source",
			yaml("a", avs, image, "config: {environmentFrom: [{name: A, valueFrom: {}}]}"),
			[]string{"spec.config.environmentFrom[0].valueFrom", "secretKeyRef", "configMapKeyRef"},
		},
		{"unknown field of the spec", yaml("a", avs, image, "imag: x"), []string{"unknown field", "spec.imag"}},
		{"unknown field of the config", yaml("a", avs, image, "config: {port: 1}"), []string{"unknown field", "spec.config.port"}},
		{"unknown pull policy", yaml("a", avs, image, "imagePullPolicy: Sometimes"), []string{"spec.imagePullPolicy", "IfNotPresent"}},
		{"negative GPU count", yaml("a", avs, image, "hardwareRequirements: {gpuCount: -1}"), []string{"spec.hardwareRequirements.gpuCount", "greater than or equal to 0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			output, err := cluster.Apply(t.Context(), ns.Name, test.yaml)
			if err == nil {
				t.Fatalf("accepted: %s", output)
			}
			for _, part := range test.message {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the message does not contain %q:\n%v", part, err)
				}
			}
		})
	}
}
