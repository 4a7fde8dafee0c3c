// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/Layr-Labs/hourglass-operator/hack/internal/crd"
)

// released is a CRD with one of each thing that can break.
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
            description: What is asked for.
            required: [color]
            properties:
              color: {type: string, minLength: 2, maxLength: 20}
              size: {type: integer, format: int32, minimum: 1, maximum: 9, default: 3}
              mode: {type: string, enum: [Fast, Slow]}
              mark: {type: string, pattern: "^[a-z]*$"}
              note: {type: string, nullable: true}
              ratio: {type: number}
              share: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
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

// changes are changes of it, each as a text and what takes its place, with what is to be found. A
// change for which nothing stands there is allowed.
var changes = []struct{ name, was, is, want string }{
	// What objects are called, and how one gets at them.
	{"another group", "group: example.org", "group: example.com", `spec: group was "example.org" and is "example.com"`},
	{"another scope", "scope: Namespaced", "scope: Cluster", `spec: scope was "Namespaced" and is "Cluster"`},
	{"another plural", "plural: things", "plural: stuff", `spec.names: plural was "things" and is "stuff"`},
	{"another kind", "kind: Thing,", "kind: Object,", `spec.names: kind was "Thing" and is "Object"`},
	{"another kind of list", "listKind: ThingList", "listKind: Things", `spec.names: listKind was "ThingList" and is "Things"`},
	{"another singular", "singular: thing", "singular: object", `spec.names: singular was "thing" and is "object"`},
	{"no short name", "shortNames: [th]", "shortNames: [tg]", `spec.names: short name th is gone`},
	{"one more short name", "shortNames: [th]", "shortNames: [th, tg]", ""},
	{"no category", "categories: [all]", "categories: []", `spec.names: category all is gone`},
	{"one more category", "categories: [all]", "categories: [all, every]", ""},
	{"a version gone", "name: v1", "name: v2", "v1: the version is gone"},
	{"a version not served", "served: true", "served: false", "v1: the version is no longer served"},
	{"one more version", "  versions:", "  versions:\n  - {name: v2, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}", ""},
	{"another stored", "storage: true", "storage: false", `spec.versions: what is stored was "v1" and is ""`},
	{"a conversion", "  scope:", "  conversion: {strategy: Webhook}\n  scope:", "spec: conversion has changed"},
	{"unknown fields preserved", "  scope:", "  preserveUnknownFields: true\n  scope:", "spec: preserveUnknownFields was false and is true"},
	{"no status", "subresources: {status: {}}", "subresources: {}", "v1: subresource status is gone"},
	{"scale too", "subresources: {status: {}}", "subresources: {status: {}, scale: {}}", ""},
	{"another status", "subresources: {status: {}}", "subresources: {status: {x: y}}", "v1: subresource status has changed"},
	{"no selectable field", "selectableFields: [{jsonPath: .spec.color}]", "selectableFields: [{jsonPath: .spec.mode}]", "v1: selectable field .spec.color is gone"},
	{"one more selectable field", "[{jsonPath: .spec.color}]", "[{jsonPath: .spec.color}, {jsonPath: .spec.mode}]", ""},
	{"no column", "additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]", "additionalPrinterColumns: []", ""},

	// Fields.
	{"a field gone", "mode: {type: string, enum: [Fast, Slow]}", "", "v1.spec.mode: the field is gone"},
	{"a field renamed", "color: {type: string, minLength", "colour: {type: string, minLength", "v1.spec.color: the field is gone"},
	{"a field of a list gone", "weight: {type: integer}", "", "v1.spec.parts[].weight: the field is gone"},
	{"a field of the status gone", "phase: {type: string}", "", "v1.status.phase: the field is gone"},
	{"one more field", "ratio: {type: number}", "ratio: {type: number}\n              fresh: {type: string, enum: [A], maxLength: 1, default: A}", ""},
	{"one more field of the status", "phase: {type: string}", "phase: {type: string}\n              phaseTransitionTime: {type: string, format: date-time}", ""},
	{"another type", "ratio: {type: number}", "ratio: {type: string}", `v1.spec.ratio: type was "number" and is "string"`},
	{"another type in a map", "additionalProperties: {type: string, maxLength: 5}", "additionalProperties: {type: integer}", `v1.spec.marks{}: type was "string" and is "integer"`},
	{"another type in a list", "weight: {type: integer}", "weight: {type: number}", `v1.spec.parts[].weight: type was "integer" and is "number"`},
	{"another format", "format: int32", "format: int64", `v1.spec.size: format was "int32" and is "int64"`},
	{"no text", "share: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}", "share: {type: integer}", "v1.spec.share: x-kubernetes-int-or-string was true and is false"},
	{"required", "required: [color]", "required: [color, mode]", "v1.spec.mode: the field is required now"},
	{"required and new", "ratio: {type: number}", "ratio: {type: object, required: [x], properties: {x: {type: string}}}", "v1.spec.ratio.x: the field is required now"},
	{"required in a list", "required: [name]", "required: [name, weight]", "v1.spec.parts[].weight: the field is required now"},
	{"required, with a default that was there", "required: [color]", "required: [color, size]", ""},
	{"no longer required", "required: [color]", "required: []", ""},
	{"null refused", "nullable: true", "nullable: false", "v1.spec.note: null is no longer allowed"},
	{"null allowed", "mark: {type: string,", "mark: {type: string, nullable: true,", ""},
	{"unknown fields pruned", "x-kubernetes-preserve-unknown-fields: true", "x-kubernetes-preserve-unknown-fields: false", "v1.spec.extra: unknown fields are no longer preserved"},
	{"unknown fields described", "extra: {type: object,", "extra: {type: object, properties: {a: {type: string}},", "v1.spec.extra.a: anything could be there, and is described now"},
	{"a map closed", "additionalProperties: {type: string, maxLength: 5}", "properties: {a: {type: string}}", "v1.spec.marks: additionalProperties came or went"},

	// What a field means that is left out.
	{"another default", "default: 3", "default: 4", "v1.spec.size: default was 3 and is 4"},
	{"no default", ", default: 3", "", "v1.spec.size: default was 3 and is null"},
	{"a default", "enum: [Fast, Slow]}", "enum: [Fast, Slow], default: Fast}", `v1.spec.mode: default was null and is "Fast"`},

	// Who owns what in server-side apply.
	{"another kind of merging", "x-kubernetes-list-type: map\n                x-kubernetes-list-map-keys: [name]", "x-kubernetes-list-type: atomic", `v1.spec.parts: x-kubernetes-list-type was "map" and is "atomic"`},
	{"other keys", "x-kubernetes-list-map-keys: [name]", "x-kubernetes-list-map-keys: [weight]", `v1.spec.parts: x-kubernetes-list-map-keys was ["name"] and is ["weight"]`},
	{"a granular map", "x-kubernetes-map-type: atomic", "x-kubernetes-map-type: granular", `v1.spec.marks: x-kubernetes-map-type was "atomic" and is "granular"`},

	// What is refused.
	{"a higher minimum", "minimum: 1", "minimum: 2", "v1.spec.size: minimum was 1 and is 2"},
	{"a lower minimum", "minimum: 1", "minimum: 0", ""},
	{"no minimum", "minimum: 1, ", "", ""},
	{"a lower maximum", "maximum: 9", "maximum: 8", "v1.spec.size: maximum was 9 and is 8"},
	{"a higher maximum", "maximum: 9", "maximum: 10", ""},
	{"a minimum", "ratio: {type: number}", "ratio: {type: number, minimum: 0}", "v1.spec.ratio: minimum is 0 now, and was not set"},
	{"an exclusive bound", "maximum: 9", "maximum: 9, exclusiveMaximum: true", "v1.spec.size: a bound is exclusive now"},
	{"a step", "ratio: {type: number}", "ratio: {type: number, multipleOf: 5}", "v1.spec.ratio: multipleOf was null and is 5"},
	{"a longer least text", "minLength: 2", "minLength: 3", "v1.spec.color: minLength was 2 and is 3"},
	{"a shorter text", "maxLength: 20", "maxLength: 19", "v1.spec.color: maxLength was 20 and is 19"},
	{"a longer text", "maxLength: 20", "maxLength: 21", ""},
	{"a shorter text in a map", "maxLength: 5", "maxLength: 4", "v1.spec.marks{}: maxLength was 5 and is 4"},
	{"a bounded text", "note: {type: string,", "note: {type: string, maxLength: 1000000,", "v1.spec.note: maxLength is 1e+06 now, and was not set"},
	{"more items", "minItems: 1", "minItems: 2", "v1.spec.parts: minItems was 1 and is 2"},
	{"fewer items", "maxItems: 8", "maxItems: 7", "v1.spec.parts: maxItems was 8 and is 7"},
	{"unique items", "minItems: 1", "minItems: 1\n                uniqueItems: true", "v1.spec.parts: items must be unique now"},
	{"more entries", "minProperties: 1", "minProperties: 2", "v1.spec.marks: minProperties was 1 and is 2"},
	{"fewer entries", "maxProperties: 8", "maxProperties: 7", "v1.spec.marks: maxProperties was 8 and is 7"},
	{"another pattern", `pattern: "^[a-z]*$"`, `pattern: "^[a-y]*$"`, `v1.spec.mark: pattern was "^[a-z]*$" and is "^[a-y]*$"`},
	{"a pattern", "note: {type: string,", `note: {type: string, pattern: a,`, `v1.spec.note: pattern was "" and is "a"`},
	{"no pattern", `, pattern: "^[a-z]*$"`, "", ""},
	{"a word gone", "enum: [Fast, Slow]", "enum: [Fast]", `v1.spec.mode: enum lacks "Slow" now`},
	{"one more word", "enum: [Fast, Slow]", "enum: [Slow, Fast, Medium]", ""},
	{"any word", ", enum: [Fast, Slow]", "", ""},
	{"only some words", "mark: {type: string,", "mark: {type: string, enum: [a],", `v1.spec.mark: enum is ["a"] now, and was not set`},
	{"another alternative", "anyOf: [{type: integer}, {type: string}]", "anyOf: [{type: integer}]", `v1.spec.share: anyOf was [{"type":"integer"},{"type":"string"}] and is [{"type":"integer"}]`},

	// Rules.
	{"another rule", "self.color != 'none'", "self.color != 'no'", `v1.spec: rule "self.color != 'no'" is new or has changed`},
	{"no rule", "\n            x-kubernetes-validations:\n            - {rule: \"self.color != 'none'\", message: a color is needed}", "", ""},
	{"another message", "message: a color is needed", "message: take a color", ""},
	{"one more rule", "            - {rule: \"self", "            - {rule: \"self.size < 8\"}\n            - {rule: \"self", `v1.spec: rule "self.size \u003c 8" is new or has changed`},
	{"one for new objects", "            - {rule: \"self", "            - {rule: \"oldSelf.hasValue() || self.size < 8\", optionalOldSelf: true}\n            - {rule: \"self", ""},
	{"one that looks so", "            - {rule: \"self", "            - {rule: \"oldSelf.hasValue() || true ? false : true\", optionalOldSelf: true}\n            - {rule: \"self", `v1.spec: rule "oldSelf.hasValue() || true ? false : true" is new or has changed`},
	{"one that looks so, without blanks", "            - {rule: \"self", "            - {rule: \"oldSelf.hasValue() || true?false:true\", optionalOldSelf: true}\n            - {rule: \"self", `v1.spec: rule "oldSelf.hasValue() || true?false:true" is new or has changed`},
	{"one for new objects that chooses optionally", "            - {rule: \"self", "            - {rule: \"oldSelf.hasValue() || self.?size.orValue(1) < 8\", optionalOldSelf: true}\n            - {rule: \"self", ""},
	{"one that was for new objects", "            - {rule: \"self", "            - {rule: \"oldSelf.hasValue() || self.size < 8\"}\n            - {rule: \"self", `v1.spec: rule "oldSelf.hasValue() || self.size \u003c 8" is new or has changed`},
	{"one about a new field", "            x-kubernetes-validations:", "              fresh: {type: string}\n            x-kubernetes-validations:\n            - {rule: \"!has(self.fresh) || self.size < 8\"}", ""},
	{"one about a new field with a default", "            x-kubernetes-validations:", "              fresh: {type: string, default: a}\n            x-kubernetes-validations:\n            - {rule: \"!has(self.fresh) || self.size < 8\"}", `v1.spec: rule "!has(self.fresh) || self.size \u003c 8" is new or has changed`},
	{"one about a known field", "            x-kubernetes-validations:", "            x-kubernetes-validations:\n            - {rule: \"!has(self.mark) || self.size < 8\"}", `v1.spec: rule "!has(self.mark) || self.size \u003c 8" is new or has changed`},

	// Words.
	{"another description", "description: What is asked for.", "description: What is wanted.", ""},
	{"a warning", "storage: true", "storage: true\n    deprecated: true\n    deprecationWarning: Take another.", ""},
}

func mustParse(t *testing.T, text string) *crd.Definition {
	t.Helper()
	c, err := crd.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompare(t *testing.T) {
	before := mustParse(t, released)
	if found := compare(before, before); len(found) > 0 {
		t.Errorf("nothing has changed, and %q is found", found)
	}
	for _, change := range changes {
		t.Run(change.name, func(t *testing.T) {
			if strings.Count(released, change.was) != 1 {
				t.Fatalf("%q does not stand there once", change.was)
			}
			found := compare(before, mustParse(t, strings.Replace(released, change.was, change.is, 1)))
			if change.want == "" {
				if len(found) > 0 {
					t.Errorf("it is allowed, and %q is found", found)
				}
			} else if !slices.ContainsFunc(found, func(line string) bool { return strings.HasPrefix(line, change.want) }) {
				t.Errorf("found %q\nwant  %q", found, change.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"another kind":             {"kind: Pod", "it is no CustomResourceDefinition"},
		"no schema":                {"kind: CustomResourceDefinition\nspec: {versions: [{name: v1}]}", "version v1 has no schema"},
		"a keyword that is new":    {strings.Replace(released, "nullable: true", "readOnly: true", 1), `unknown field "readOnly"`},
		"one in additional fields": {strings.Replace(released, "maxLength: 5", "readOnly: true", 1), `unknown field "readOnly"`},
		"a key twice":              {released + "\nkind: CustomResourceDefinition\n", `key "kind" already set`},
	} {
		if _, err := crd.Parse([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func ours(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../manifests/crd/bases/hourglass.eigenlayer.io_performers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// walk calls visit for each schema below s.
func walk(path string, s *crd.Schema, visit func(path string, s *crd.Schema)) {
	if s == nil {
		return
	}
	visit(path, s)
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		walk(path+"."+name, s.Properties[name], visit)
	}
	walk(path+"[]", s.Items, visit)
	if s.AdditionalProperties != nil {
		walk(path+"{}", s.AdditionalProperties.Schema, visit)
	}
}

// TestEveryFieldOfOursIsSeen takes away each field of our CRD in turn.
func TestEveryFieldOfOursIsSeen(t *testing.T) {
	before, after := mustParse(t, ours(t)), mustParse(t, ours(t))
	fields := 0
	for _, v := range after.Spec.Versions {
		walk(v.Name, v.Schema.OpenAPIV3Schema, func(path string, s *crd.Schema) {
			for name, field := range maps.Clone(s.Properties) {
				fields++
				delete(s.Properties, name)
				want := path + "." + name + ": the field is gone"
				if found := compare(before, after); !slices.Equal(found, []string{want}) {
					t.Errorf("found %q\nwant  %q", found, want)
				}
				s.Properties[name] = field
			}
		})
	}
	if fields < 500 {
		t.Errorf("only %d fields were found", fields)
	}
	if found := compare(before, after); len(found) > 0 {
		t.Errorf("all is back, and %q is found", found)
	}
}

func TestRun(t *testing.T) {
	old, same, other := filepath.Join(t.TempDir(), "old"), filepath.Join(t.TempDir(), "same"), filepath.Join(t.TempDir(), "other")
	for path, text := range map[string]string{old: released, same: released, other: strings.Replace(released, "default: 3", "default: 4", 1)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run([]string{old, same}); err != nil {
		t.Error(err)
	}
	if err := run([]string{old, other}); err == nil || !strings.HasSuffix(err.Error(), "promised") {
		t.Error(err)
	}
	if err := run([]string{old}); err == nil {
		t.Error("one file is enough")
	}
	if err := run([]string{old, old + ".gone"}); err == nil {
		t.Error("a missing file is no error")
	}
}
