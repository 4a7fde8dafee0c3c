// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// generated is a CRD as controller-gen writes it.
const generated = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  names: {plural: things, kind: Thing}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              amounts:
                type: object
                additionalProperties: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}], pattern: '^[0-9]+$'}
              count: {type: integer, format: int32, minimum: 1}
              command: {type: array, items: {type: string}}
              names: {type: array, maxItems: 3, items: {type: string, maxLength: 5}}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              kind: {type: string, enum: [A, B]}
              terms: {type: array, items: {type: object, properties: {values: {type: array, items: {type: string}}}}}
          status:
            type: object
            properties:
              text: {type: string}
`

func TestAdjust(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crd.yaml")
	if err := os.WriteFile(path, []byte(generated), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := adjust([]string{path}, &out); err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(
		"amounts:\n", "amounts:\n                maxProperties: 256\n",
		"{x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}], pattern: '^[0-9]+$'}",
		"{x-kubernetes-preserve-unknown-fields: true, pattern: '"+quantityPattern+"', maxLength: 64, minItems: 1, maxItems: 0, minProperties: 1, maxProperties: 0, not: {enum: [false, true]}}",
		"minimum: 1}", "minimum: 1, maximum: 2147483647}",
		"command: {type: array, items: {type: string}}", "command: {type: array, maxItems: 256, items: {type: string, maxLength: 131072}}",
		"terms: {type: array,", "terms: {type: array, maxItems: 256,",
		"values: {type: array, items: {type: string}}", "values: {type: array, maxItems: 1024, items: {type: string, maxLength: 4096}}",
	).Replace(generated)
	if got, want := asJSON(t, out.String()), asJSON(t, want); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if found := compare(mustParse(t, out.String()), mustParse(t, out.String())); len(found) > 0 {
		t.Errorf("the CRD is incompatible with itself: %q", found)
	}
	// What is adjusted stays as it is.
	if err := os.WriteFile(path, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var again strings.Builder
	if err := adjust([]string{path}, &again); err != nil || again.String() != out.String() {
		t.Errorf("adjusted again: %v, %s", err, again.String())
	}
}

func asJSON(t *testing.T, text string) string {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
