// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"
)

// openapi writes the schemas of a CRD as an OpenAPI document for applyconfiguration-gen, in which each
// definition is named for the Go type of its kind. Without the document, the generated fake clientset
// can't apply, and there are no Extract functions.
//
// The second argument is the Go package above those of the versions: .../pkg/apis/hourglass.
func openapi(args []string, out io.Writer) error {
	crd, err := readCRD(args[0])
	if err != nil {
		return err
	}
	var objectMeta apiextensionsv1.JSONSchemaProps
	if err := yaml.UnmarshalStrict([]byte(objectMetaSchema), &objectMeta); err != nil {
		return err
	}
	definitions := map[string]apiextensionsv1.JSONSchemaProps{}
	for _, version := range crd.Spec.Versions {
		schema := forApply(*version.Schema.OpenAPIV3Schema)
		if len(schema.Properties) == 0 {
			return fmt.Errorf("%s: version %s has no properties", args[0], version.Name)
		}
		schema.Properties["metadata"] = objectMeta
		definitions[definitionName(args[1]+"/"+version.Name+"."+crd.Spec.Names.Kind)] = schema
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{
		"swagger":     "2.0",
		"info":        map[string]any{"title": crd.Spec.Names.Kind, "version": "1"},
		"paths":       map[string]any{},
		"definitions": definitions,
	})
}

// definitionName returns the name that k8s.io/kube-openapi gives to the definition of a Go type: the
// labels of the package's host in reverse order, and dots in place of slashes.
func definitionName(goType string) string {
	host, rest, _ := strings.Cut(goType, "/")
	parts := strings.Split(host, ".")
	slices.Reverse(parts)
	return strings.Join(parts, ".") + "." + strings.ReplaceAll(rest, "/", ".")
}

// forApply returns the part of a schema that decides who owns which field. Keywords that only validate
// values are left out: OpenAPI 2 lacks half of them.
func forApply(schema apiextensionsv1.JSONSchemaProps) apiextensionsv1.JSONSchemaProps {
	if schema.XIntOrString || isQuantity(&schema) {
		return apiextensionsv1.JSONSchemaProps{Type: "string", Format: "int-or-string"}
	}
	kept := apiextensionsv1.JSONSchemaProps{
		Type:         schema.Type,
		Format:       schema.Format,
		Default:      schema.Default,
		XListType:    schema.XListType,
		XListMapKeys: schema.XListMapKeys,
		XMapType:     schema.XMapType,
	}
	if items := itemSchema(schema); items != nil {
		kept.Items = &apiextensionsv1.JSONSchemaPropsOrArray{Schema: ptr.To(forApply(*items))}
	}
	if additional := schema.AdditionalProperties; additional != nil && additional.Schema != nil {
		kept.AdditionalProperties = &apiextensionsv1.JSONSchemaPropsOrBool{Allows: true, Schema: ptr.To(forApply(*additional.Schema))}
	}
	if len(schema.Properties) > 0 {
		kept.Properties = map[string]apiextensionsv1.JSONSchemaProps{}
		for name, property := range schema.Properties {
			kept.Properties[name] = forApply(property)
		}
	}
	return kept
}

// objectMetaSchema is the schema of the metadata of every object, which a CRD does not describe.
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
