// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestParseCRDRefuses(t *testing.T) {
	replaced := func(old, replacement string) string { return strings.Replace(released, old, replacement, 1) }
	for name, tt := range map[string]struct{ text, want string }{
		"another kind":                       {"kind: Pod", `invalid kind "Pod": expected CustomResourceDefinition`},
		"no schema":                          {"kind: CustomResourceDefinition\nspec: {versions: [{name: v1}]}", "version v1 has no schema"},
		"an unknown keyword":                 {replaced("nullable: true", "readOnly: true"), `unknown field "readOnly"`},
		"one in additionalProperties":        {replaced("maxLength: 5", "readOnly: true"), `v1.spec.marks{}: unknown field "readOnly"`},
		"one in items":                       {replaced("name: {type: string}", "name: {type: string, readOnly: true}"), `v1.spec.parts[].name: unknown field "readOnly"`},
		"one in anyOf":                       {replaced("anyOf: [{type: integer}", "anyOf: [{readOnly: true}"), `unknown field "readOnly"`},
		"an unknown field of a subresource":  {replaced("status: {}}", "status: {}, other: {}}"), `unknown field "other"`},
		"a keyword that is never structural": {replaced("marks: {type: object,", "marks: {type: object, patternProperties: {a: {type: string}},"), "'patternProperties' is not supported"},
		"a list of item schemas":             {replaced("extra: {type: object,", "extra: {type: array, items: [{type: string}],"), "'items' must be a schema"},
		"a key twice":                        {released + "\nkind: CustomResourceDefinition\n", `key "kind" already set`},
	} {
		if _, err := parseCRD([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for _, args := range [][]string{nil, {"compat"}, {"compat", "one.yaml"}, {"docs", "one.yaml", "two.yaml"}, {"openapi", "one.yaml"}, {"other"}} {
		if err := run(args, &bytes.Buffer{}); err == nil || !strings.HasPrefix(err.Error(), "usage: ") {
			t.Errorf("%q: %v, want the usage", args, err)
		}
	}
}
