//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// schema is the part of an OpenAPI schema that the test reads.
type schema struct {
	Description          string            `json:"description"`
	Properties           map[string]schema `json:"properties"`
	Items                *schema           `json:"items"`
	AdditionalProperties *schema           `json:"additionalProperties"`
}

// undocumented returns the paths of the fields below s that have no description.
func (s schema) undocumented(path string) []string {
	var found []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		field := s.Properties[name]
		if strings.TrimSpace(field.Description) == "" {
			found = append(found, path+"."+name)
		}
		if name == "metadata" {
			// The metadata of an object within the Performer, such as a volume claim template: the
			// generator leaves out the descriptions of its fields.
			continue
		}
		found = append(found, field.undocumented(path+"."+name)...)
	}
	if s.Items != nil {
		found = append(found, s.Items.undocumented(path+"[]")...)
	}
	if s.AdditionalProperties != nil {
		found = append(found, s.AdditionalProperties.undocumented(path+"{}")...)
	}
	return found
}

func TestExplainDocumentsEveryField(t *testing.T) {
	t.Parallel()

	t.Run("every field of the schema has a description", func(t *testing.T) {
		output, err := cluster.Kubectl(t.Context(), "get", "crd", "performers.hourglass.eigenlayer.io", "-o", "json")
		if err != nil {
			t.Fatal(err)
		}
		var crd struct {
			Spec struct {
				Versions []struct {
					Name   string
					Schema struct{ OpenAPIV3Schema schema }
				}
			}
		}
		if err := json.Unmarshal([]byte(output), &crd); err != nil {
			t.Fatal(err)
		}
		for _, version := range crd.Spec.Versions {
			root := version.Schema.OpenAPIV3Schema
			if len(root.Properties["spec"].Properties) == 0 || len(root.Properties["status"].Properties) == 0 {
				t.Fatalf("the schema of %s has no spec or no status", version.Name)
			}
			for _, field := range []string{"spec", "status"} {
				for _, path := range root.Properties[field].undocumented(version.Name + "." + field) {
					t.Errorf("%s has no description", path)
				}
			}
		}
	})

	t.Run("kubectl explain shows them", func(t *testing.T) {
		for _, field := range []string{"performer", "performer.spec", "performer.spec.config", "performer.status"} {
			output, err := cluster.Kubectl(t.Context(), "explain", field)
			if err != nil {
				t.Error(err)
				continue
			}
			if !strings.Contains(output, "DESCRIPTION:") || strings.Contains(output, "<no description>") {
				t.Errorf("kubectl explain %s lacks a description:\n%s", field, output)
			}
		}
	})

	t.Run("kubectl explain --recursive lists them", func(t *testing.T) {
		output, err := cluster.Kubectl(t.Context(), "explain", "performer.spec", "--recursive")
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"avsAddress", "image", "grpcPort", "environmentFrom", "secretKeyRef", "tolerations", "teeType"} {
			if !strings.Contains(output, "  "+field+"\t") {
				t.Errorf("%s is missing in:\n%s", field, output)
			}
		}
	})
}
