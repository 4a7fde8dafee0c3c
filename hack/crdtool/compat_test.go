// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// released is a CRD with one of each thing that a change can break.
const released = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  names: {plural: things, singular: thing, kind: Thing, listKind: ThingList, shortNames: [th], categories: [all]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
    selectableFields: [{jsonPath: .spec.color}]
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            description: The desired state.
            required: [color]
            properties:
              color: {type: string, minLength: 2, maxLength: 20}
              size: {type: integer, format: int32, minimum: 1, maximum: 9, default: 3}
              mode: {type: string, enum: [Fast, Slow]}
              mark: {type: string, pattern: "^[a-z]*$"}
              note: {type: string, nullable: true}
              ratio: {type: number}
              share: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              weight: {x-kubernetes-int-or-string: true, anyOf: [{type: string}, {type: integer}], pattern: '` + quantityPattern + `'}
              extra: {type: object, x-kubernetes-preserve-unknown-fields: true}
              marks: {type: object, minProperties: 1, maxProperties: 8, x-kubernetes-map-type: atomic, additionalProperties: {type: string, maxLength: 5}}
              parts:
                type: array
                minItems: 1
                maxItems: 8
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items:
                  type: object
                  required: [name]
                  properties:
                    name: {type: string}
                    weight: {type: integer}
            x-kubernetes-validations:
            - {rule: "self.color != 'none'", message: a color is needed}
          status:
            type: object
            properties:
              phase: {type: string}
`

// changes are changes of released: a text, its replacement, and the beginning of the line that compare
// must return. A change without such a line is allowed.
var changes = []struct{ name, was, is, want string }{
	// Names and versions.
	{"another group", "group: example.org", "group: example.com", `spec: group was "example.org" and is "example.com"`},
	{"another scope", "scope: Namespaced", "scope: Cluster", `spec: scope was "Namespaced" and is "Cluster"`},
	{"another plural", "plural: things", "plural: stuff", `spec.names: plural was "things" and is "stuff"`},
	{"another kind", "kind: Thing,", "kind: Object,", `spec.names: kind was "Thing" and is "Object"`},
	{"another kind of list", "listKind: ThingList", "listKind: Things", `spec.names: listKind was "ThingList" and is "Things"`},
	{"another singular", "singular: thing", "singular: object", `spec.names: singular was "thing" and is "object"`},
	{"a short name removed", "shortNames: [th]", "shortNames: [tg]", `spec.names: short name th was removed`},
	{"one more short name", "shortNames: [th]", "shortNames: [th, tg]", ""},
	{"a category removed", "categories: [all]", "categories: []", `spec.names: category all was removed`},
	{"one more category", "categories: [all]", "categories: [all, every]", ""},
	{"a version removed", "name: v1", "name: v2", "v1: the version was removed"},
	{"a version not served", "served: true", "served: false", "v1: the version is no longer served"},
	{"one more version", "  versions:", "  versions:\n  - {name: v2, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}", ""},
	{"another storage version", "storage: true", "storage: false", `spec.versions: the storage version was "v1" and is ""`},
	{"a conversion", "  scope:", "  conversion: {strategy: Webhook}\n  scope:", "spec: conversion has changed"},
	{"unknown fields preserved", "  scope:", "  preserveUnknownFields: true\n  scope:", "spec: preserveUnknownFields was false and is true"},
	{"no status subresource", "subresources: {status: {}}", "subresources: {}", "v1: subresource status was removed"},
	{"a scale subresource", "subresources: {status: {}}", "subresources: {status: {}, scale: {specReplicasPath: .spec.size, statusReplicasPath: .status.size}}", ""},
	{"no selectable field", "selectableFields: [{jsonPath: .spec.color}]", "selectableFields: [{jsonPath: .spec.mode}]", "v1: selectable field .spec.color was removed"},
	{"one more selectable field", "[{jsonPath: .spec.color}]", "[{jsonPath: .spec.color}, {jsonPath: .spec.mode}]", ""},
	{"no column", "additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]", "additionalPrinterColumns: []", ""},

	// Fields.
	{"a field removed", "mode: {type: string, enum: [Fast, Slow]}", "", "v1.spec.mode: the field was removed"},
	{"a field renamed", "color: {type: string, minLength", "colour: {type: string, minLength", "v1.spec.color: the field was removed"},
	{"a field of a list removed", "weight: {type: integer}", "", "v1.spec.parts[].weight: the field was removed"},
	{"a field of the status removed", "phase: {type: string}", "", "v1.status.phase: the field was removed"},
	{"one more field", "ratio: {type: number}", "ratio: {type: number}\n              fresh: {type: string, enum: [A], maxLength: 1, default: A}", ""},
	{"one more field of the status", "phase: {type: string}", "phase: {type: string}\n              phaseTransitionTime: {type: string, format: date-time}", ""},
	{"another type", "ratio: {type: number}", "ratio: {type: string}", `v1.spec.ratio: type was "number" and is "string"`},
	{"another type in a map", "additionalProperties: {type: string, maxLength: 5}", "additionalProperties: {type: integer}", `v1.spec.marks{}: type was "string" and is "integer"`},
	{"another type in a list", "weight: {type: integer}", "weight: {type: number}", `v1.spec.parts[].weight: type was "integer" and is "number"`},
	{"another format", "format: int32", "format: int64", `v1.spec.size: format was "int32" and is "int64"`},
	{"no longer int-or-string", "share: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}", "share: {type: integer}", "v1.spec.share: x-kubernetes-int-or-string was true and is false"},
	{"required", "required: [color]", "required: [color, mode]", "v1.spec.mode: the field is required now"},
	{"required and new", "ratio: {type: number}", "ratio: {type: object, required: [x], properties: {x: {type: string}}}", "v1.spec.ratio.x: the field is required now"},
	{"required in a list", "required: [name]", "required: [name, weight]", "v1.spec.parts[].weight: the field is required now"},
	{"required, with a default that was there", "required: [color]", "required: [color, size]", ""},
	{"no longer required", "required: [color]", "required: []", ""},
	{"null refused", "nullable: true", "nullable: false", "v1.spec.note: null is no longer allowed"},
	{"null allowed", "mark: {type: string,", "mark: {type: string, nullable: true,", ""},
	{"unknown fields pruned", ", x-kubernetes-preserve-unknown-fields: true", "", "v1.spec.extra: unknown fields are no longer preserved"},
	{"unknown fields described", "extra: {type: object,", "extra: {type: object, properties: {a: {type: string}},", "v1.spec.extra.a: the field has a schema now, and could have any value before"},
	{"a map closed", "additionalProperties: {type: string, maxLength: 5}", "properties: {a: {type: string}}", "v1.spec.marks: additionalProperties was added or removed"},

	// Defaults.
	{"another default", "default: 3", "default: 4", "v1.spec.size: default was 3 and is 4"},
	{"no default", ", default: 3", "", "v1.spec.size: default was 3 and is null"},
	{"a default", "enum: [Fast, Slow]}", "enum: [Fast, Slow], default: Fast}", `v1.spec.mode: default was null and is "Fast"`},

	// Server-side apply.
	{"another list type", "x-kubernetes-list-type: map\n                x-kubernetes-list-map-keys: [name]", "x-kubernetes-list-type: atomic", `v1.spec.parts: x-kubernetes-list-type was "map" and is "atomic"`},
	{"other list map keys", "x-kubernetes-list-map-keys: [name]", "x-kubernetes-list-map-keys: [weight]", `v1.spec.parts: x-kubernetes-list-map-keys was ["name"] and is ["weight"]`},
	{"a granular map", "x-kubernetes-map-type: atomic", "x-kubernetes-map-type: granular", `v1.spec.marks: x-kubernetes-map-type was "atomic" and is "granular"`},

	// Validation.
	{"a higher minimum", "minimum: 1", "minimum: 2", "v1.spec.size: minimum was 1 and is 2"},
	{"a lower minimum", "minimum: 1", "minimum: 0", ""},
	{"no minimum", "minimum: 1, ", "", ""},
	{"a lower maximum", "maximum: 9", "maximum: 8", "v1.spec.size: maximum was 9 and is 8"},
	{"a higher maximum", "maximum: 9", "maximum: 10", ""},
	{"a minimum", "ratio: {type: number}", "ratio: {type: number, minimum: 0}", "v1.spec.ratio: minimum is 0 now, and was not set"},
	{"an exclusive bound", "maximum: 9", "maximum: 9, exclusiveMaximum: true", "v1.spec.size: a bound is exclusive now"},
	{"a multipleOf", "ratio: {type: number}", "ratio: {type: number, multipleOf: 5}", "v1.spec.ratio: multipleOf was null and is 5"},
	{"a longer minimum length", "minLength: 2", "minLength: 3", "v1.spec.color: minLength was 2 and is 3"},
	{"a shorter maximum length", "maxLength: 20", "maxLength: 19", "v1.spec.color: maxLength was 20 and is 19"},
	{"a longer maximum length", "maxLength: 20", "maxLength: 21", ""},
	{"a shorter maximum length in a map", "maxLength: 5", "maxLength: 4", "v1.spec.marks{}: maxLength was 5 and is 4"},
	{"a maximum length", "note: {type: string,", "note: {type: string, maxLength: 1000000,", "v1.spec.note: maxLength is 1000000 now, and was not set"},
	{"a higher minItems", "minItems: 1", "minItems: 2", "v1.spec.parts: minItems was 1 and is 2"},
	{"a lower maxItems", "maxItems: 8", "maxItems: 7", "v1.spec.parts: maxItems was 8 and is 7"},
	{"unique items", "minItems: 1", "minItems: 1\n                uniqueItems: true", "v1.spec.parts: items must be unique now"},
	{"a higher minProperties", "minProperties: 1", "minProperties: 2", "v1.spec.marks: minProperties was 1 and is 2"},
	{"a lower maxProperties", "maxProperties: 8", "maxProperties: 7", "v1.spec.marks: maxProperties was 8 and is 7"},
	{"another pattern", `pattern: "^[a-z]*$"`, `pattern: "^[a-y]*$"`, `v1.spec.mark: pattern was "^[a-z]*$" and is "^[a-y]*$"`},
	{"a pattern", "note: {type: string,", `note: {type: string, pattern: a,`, `v1.spec.note: pattern was "" and is "a"`},
	{"no pattern", `, pattern: "^[a-z]*$"`, "", ""},
	{"an enum value removed", "enum: [Fast, Slow]", "enum: [Fast]", `v1.spec.mode: enum no longer has "Slow"`},
	{"one more enum value", "enum: [Fast, Slow]", "enum: [Slow, Fast, Medium]", ""},
	{"no enum", ", enum: [Fast, Slow]", "", ""},
	{"an enum", "mark: {type: string,", "mark: {type: string, enum: [a],", `v1.spec.mark: enum is ["a"] now, and was not set`},
	{"a whole number or a quantity", "weight: {x-kubernetes-int-or-string: true, anyOf: [{type: string}, {type: integer}], pattern: '" + quantityPattern + "'}",
		"weight: {x-kubernetes-preserve-unknown-fields: true, maxItems: 0, not: {enum: [true]}, pattern: '" + quantityPattern + "'}", ""},
	{"a quantity of any format", "weight: {x-kubernetes-int-or-string: true, anyOf: [{type: string}, {type: integer}], pattern: '" + quantityPattern + "'}",
		"weight: {x-kubernetes-preserve-unknown-fields: true}", "v1.spec.weight: x-kubernetes-int-or-string was true and is false"},
	{"another alternative", "anyOf: [{type: integer}, {type: string}]", "anyOf: [{type: integer}]", `v1.spec.share: anyOf was [{"type":"integer"},{"type":"string"}] and is [{"type":"integer"}]`},

	// Rules.
	{"another rule", "self.color != 'none'", "self.color != 'no'", `v1.spec: rule "self.color != 'no'" is new or has changed`},
	{"no rule", "\n            x-kubernetes-validations:\n            - {rule: \"self.color != 'none'\", message: a color is needed}", "", ""},
	{"another message", "message: a color is needed", "message: set a color", ""},
	{"one more rule", "            - {rule: \"self", "            - {rule: \"self.size < 8\"}\n            - {rule: \"self", `v1.spec: rule "self.size \u003c 8" is new or has changed`},
	{"a rule for new objects", "            - {rule: \"self", "            - {rule: \"oldSelf.hasValue() || self.size < 8\", optionalOldSelf: true}\n            - {rule: \"self", ""},
	{"a ternary that only looks like one", "            - {rule: \"self", "            - {rule: \"oldSelf.hasValue() || true ? false : true\", optionalOldSelf: true}\n            - {rule: \"self", `v1.spec: rule "oldSelf.hasValue() || true ? false : true" is new or has changed`},
	{"a ternary without blanks", "            - {rule: \"self", "            - {rule: \"oldSelf.hasValue() || true?false:true\", optionalOldSelf: true}\n            - {rule: \"self", `v1.spec: rule "oldSelf.hasValue() || true?false:true" is new or has changed`},
	{"a rule for new objects with an optional selection", "            - {rule: \"self", "            - {rule: \"oldSelf.hasValue() || self.?size.orValue(1) < 8\", optionalOldSelf: true}\n            - {rule: \"self", ""},
	{"a rule for new objects without optionalOldSelf", "            - {rule: \"self", "            - {rule: \"oldSelf.hasValue() || self.size < 8\"}\n            - {rule: \"self", `v1.spec: rule "oldSelf.hasValue() || self.size \u003c 8" is new or has changed`},
	{"a rule about a new field", "            x-kubernetes-validations:", "              fresh: {type: string}\n            x-kubernetes-validations:\n            - {rule: \"!has(self.fresh) || self.size < 8\"}", ""},
	{"a rule about a new field with a default", "            x-kubernetes-validations:", "              fresh: {type: string, default: a}\n            x-kubernetes-validations:\n            - {rule: \"!has(self.fresh) || self.size < 8\"}", `v1.spec: rule "!has(self.fresh) || self.size \u003c 8" is new or has changed`},
	{"a rule about an existing field", "            x-kubernetes-validations:", "            x-kubernetes-validations:\n            - {rule: \"!has(self.mark) || self.size < 8\"}", `v1.spec: rule "!has(self.mark) || self.size \u003c 8" is new or has changed`},

	// Texts for people.
	{"another description", "description: The desired state.", "description: The state to reach.", ""},
	{"a warning", "storage: true", "storage: true\n    deprecated: true\n    deprecationWarning: Use another kind.", ""},
}

func mustParse(t *testing.T, text string) *apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	crd, err := parseCRD([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return crd
}

func TestCompare(t *testing.T) {
	before := mustParse(t, released)
	if found := compare(before, before); len(found) > 0 {
		t.Errorf("compare with itself = %q, want none", found)
	}
	for _, change := range changes {
		t.Run(change.name, func(t *testing.T) {
			if strings.Count(released, change.was) != 1 {
				t.Fatalf("the released CRD does not contain %q exactly once", change.was)
			}
			found := compare(before, mustParse(t, strings.Replace(released, change.was, change.is, 1)))
			if change.want == "" {
				if len(found) > 0 {
					t.Errorf("compare = %q, want none", found)
				}
			} else if !slices.ContainsFunc(found, func(line string) bool { return strings.HasPrefix(line, change.want) }) {
				t.Errorf("compare = %q, want %q", found, change.want)
			}
		})
	}
}

// TestCompareScale starts from a CRD with a scale subresource.
func TestCompareScale(t *testing.T) {
	const scale = ", scale: {specReplicasPath: .spec.size, statusReplicasPath: .status.size}"
	with := strings.Replace(released, "subresources: {status: {}", "subresources: {status: {}"+scale, 1)
	for name, tt := range map[string]struct{ text, want string }{
		"removed": {released, "v1: subresource scale was removed"},
		"changed": {strings.Replace(with, "specReplicasPath: .spec.size", "specReplicasPath: .spec.ratio", 1), "v1: subresource scale has changed"},
	} {
		if found := compare(mustParse(t, with), mustParse(t, tt.text)); !slices.Equal(found, []string{tt.want}) {
			t.Errorf("%s: compare = %q, want %q", name, found, tt.want)
		}
	}
}

// walk calls visit for each schema below s.
func walk(path string, s *apiextensionsv1.JSONSchemaProps, visit func(path string, s *apiextensionsv1.JSONSchemaProps)) {
	if s == nil {
		return
	}
	visit(path, s)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		walk(path+"."+name, &property, visit)
	}
	walk(path+"[]", itemSchema(*s), visit)
	if s.AdditionalProperties != nil {
		walk(path+"{}", s.AdditionalProperties.Schema, visit)
	}
}

// TestCompareSeesEveryField removes each field of the Performer's CRD in turn.
func TestCompareSeesEveryField(t *testing.T) {
	text, err := os.ReadFile(crdPath)
	if err != nil {
		t.Fatal(err)
	}
	before, after := mustParse(t, string(text)), mustParse(t, string(text))
	fields := 0
	for _, v := range after.Spec.Versions {
		walk(v.Name, v.Schema.OpenAPIV3Schema, func(path string, s *apiextensionsv1.JSONSchemaProps) {
			for name, field := range maps.Clone(s.Properties) {
				fields++
				delete(s.Properties, name)
				want := path + "." + name + ": the field was removed"
				if found := compare(before, after); !slices.Equal(found, []string{want}) {
					t.Errorf("compare = %q, want %q", found, want)
				}
				s.Properties[name] = field
			}
		})
	}
	if fields < 500 {
		t.Errorf("the CRD has only %d fields, want at least 500", fields)
	}
	if found := compare(before, after); len(found) > 0 {
		t.Errorf("with every field restored, compare = %q, want none", found)
	}
}

func TestCompat(t *testing.T) {
	dir := t.TempDir()
	old, same, other := filepath.Join(dir, "old"), filepath.Join(dir, "same"), filepath.Join(dir, "other")
	for path, text := range map[string]string{old: released, same: released, other: strings.Replace(released, "default: 3", "default: 4", 1)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := run([]string{"compat", old, same}, &out); err != nil || out.Len() > 0 {
		t.Errorf("compat of equal CRDs = %q, %v, want no output and no error", out.String(), err)
	}
	want := other + " is incompatible with " + old + " (see above): undo these changes, or make them in a new API version"
	if err := run([]string{"compat", old, other}, &out); err == nil || err.Error() != want {
		t.Errorf("compat = %v, want %s", err, want)
	}
	if want := "v1.spec.size: default was 3 and is 4\n"; out.String() != want {
		t.Errorf("compat printed %q, want %q", out.String(), want)
	}
	if err := run([]string{"compat", old, old + ".gone"}, &out); err == nil {
		t.Error("compat with a missing file succeeded")
	}
}
