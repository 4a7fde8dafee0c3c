// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Crdopenapi prints the schemas of a CustomResourceDefinition as an OpenAPI document, as
// applyconfiguration-gen wants it: with the name of each kind's Go type as the name of its definition.
// Without it the generated fake clientset can't apply, and there are no Extract functions.
//
//	crdopenapi CRD.yaml PACKAGES
//
// PACKAGES is the folder of Go packages, in which the version is one: .../pkg/apis/hourglass.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crdopenapi:", err)
		os.Exit(1)
	}
}

// definition is the part of a CustomResourceDefinition that is read.
type definition struct {
	Spec struct {
		Names    struct{ Kind string }
		Versions []struct {
			Name   string
			Schema struct{ OpenAPIV3Schema map[string]any }
		}
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: crdopenapi CRD.yaml PACKAGES")
	}
	file, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var crd definition
	if err := yaml.Unmarshal(file, &crd); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	var objectMeta map[string]any
	if err := yaml.Unmarshal([]byte(objectMetaSchema), &objectMeta); err != nil {
		return err
	}
	definitions := map[string]any{}
	for _, version := range crd.Spec.Versions {
		schema := version.Schema.OpenAPIV3Schema
		if _, ok := schema["properties"].(map[string]any); !ok {
			return fmt.Errorf("%s: version %s has no properties", args[0], version.Name)
		}
		schema = forApply(schema)
		properties, _ := schema["properties"].(map[string]any)
		properties["metadata"] = objectMeta
		definitions[restFriendly(args[1]+"/"+version.Name+"."+crd.Spec.Names.Kind)] = schema
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{
		"swagger":     "2.0",
		"info":        map[string]any{"title": crd.Spec.Names.Kind, "version": "1"},
		"paths":       map[string]any{},
		"definitions": definitions,
	})
}

// restFriendly is the name that apimachinery gives to the definition of a Go type: the host of its
// package turned around, and dots for slashes.
func restFriendly(goType string) string {
	host, rest, _ := strings.Cut(goType, "/")
	parts := strings.Split(host, ".")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, ".") + "." + strings.ReplaceAll(rest, "/", ".")
}

// forApply returns what of a schema matters for who owns which field. What only judges values is left
// out: OpenAPI 2 lacks half of it.
func forApply(schema map[string]any) map[string]any {
	if schema["x-kubernetes-int-or-string"] == true {
		return map[string]any{"type": "string", "format": "int-or-string"}
	}
	kept := map[string]any{}
	for _, key := range []string{"type", "format", "default", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type"} {
		if value, ok := schema[key]; ok {
			kept[key] = value
		}
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if inner, ok := schema[key].(map[string]any); ok {
			kept[key] = forApply(inner)
		}
	}
	if properties, ok := schema["properties"].(map[string]any); ok {
		inner := map[string]any{}
		for name, property := range properties {
			inner[name] = forApply(property.(map[string]any))
		}
		kept["properties"] = inner
	}
	return kept
}

// objectMetaSchema is the metadata of every object, of which a CRD says nothing.
const objectMetaSchema = `
type: object
properties:
  annotations: {type: object, additionalProperties: {type: string}}
  creationTimestamp: {type: string}
  deletionGracePeriodSeconds: {type: integer}
  deletionTimestamp: {type: string}
  finalizers: {type: array, items: {type: string}, x-kubernetes-list-type: set}
  generateName: {type: string}
  generation: {type: integer}
  labels: {type: object, additionalProperties: {type: string}}
  managedFields: {type: array, items: {type: object}, x-kubernetes-list-type: atomic}
  name: {type: string}
  namespace: {type: string}
  ownerReferences:
    type: array
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [uid]
    items:
      type: object
      x-kubernetes-map-type: atomic
      properties:
        apiVersion: {type: string}
        blockOwnerDeletion: {type: boolean}
        controller: {type: boolean}
        kind: {type: string}
        name: {type: string}
        uid: {type: string}
  resourceVersion: {type: string}
  selfLink: {type: string}
  uid: {type: string}
`
