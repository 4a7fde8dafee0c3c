// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"reflect"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// TestDefinitionName compares with names made by k8s.io/kube-openapi, by which definitions are looked up.
func TestDefinitionName(t *testing.T) {
	for goType, want := range map[string]string{
		"k8s.io/api/core/v1.Pod":                     "io.k8s.api.core.v1.Pod",
		"github.com/Some-One/a-b/pkg/apis/x/v1.Kind": "com.github.Some-One.a-b.pkg.apis.x.v1.Kind",
	} {
		if got := definitionName(goType); got != want {
			t.Errorf("definitionName(%s) = %s, want %s", goType, got, want)
		}
	}
}

func TestForApply(t *testing.T) {
	parse := func(text string) (schema apiextensionsv1.JSONSchemaProps) {
		t.Helper()
		if err := yaml.UnmarshalStrict([]byte(text), &schema); err != nil {
			t.Fatal(err)
		}
		return schema
	}
	got := forApply(parse(`
type: object
required: [parts]
description: A thing.
properties:
  amount: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
  share: {x-kubernetes-preserve-unknown-fields: true, pattern: '` + quantityPattern + `'}
  labels: {type: object, x-kubernetes-map-type: atomic, maxProperties: 2, additionalProperties: {type: string, maxLength: 3}}
  parts:
    type: array
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [port, protocol]
    items:
      type: object
      properties:
        port: {type: integer, format: int32, minimum: 1}
        protocol: {type: string, default: TCP, enum: [TCP]}
`))
	want := parse(`
type: object
properties:
  amount: {type: string, format: int-or-string}
  share: {type: string, format: int-or-string}
  labels: {type: object, x-kubernetes-map-type: atomic, additionalProperties: {type: string}}
  parts:
    type: array
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [port, protocol]
    items:
      type: object
      properties:
        port: {type: integer, format: int32}
        protocol: {type: string, default: TCP}
`)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
