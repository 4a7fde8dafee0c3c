// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"sigs.k8s.io/yaml"
)

// readCRD reads a CustomResourceDefinition from a file.
func readCRD(path string) (*apiextensionsv1.CustomResourceDefinition, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	crd, err := parseCRD(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return crd, nil
}

// parseCRD parses a CustomResourceDefinition. It returns an error for every field that it does not
// know, since such a field may be one by which the API server validates objects.
func parseCRD(text []byte) (*apiextensionsv1.CustomResourceDefinition, error) {
	crd := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(text, crd); err != nil {
		return nil, err
	}
	if crd.Kind != "CustomResourceDefinition" {
		return nil, fmt.Errorf("invalid kind %q: expected CustomResourceDefinition", crd.Kind)
	}
	for _, version := range crd.Spec.Versions {
		if version.Schema == nil || version.Schema.OpenAPIV3Schema == nil {
			return nil, fmt.Errorf("version %s has no schema", version.Name)
		}
		if err := checkStructural(version.Schema.OpenAPIV3Schema); err != nil {
			return nil, fmt.Errorf("version %s: %w", version.Name, err)
		}
	}
	return crd, checkKeywords(text)
}

// checkStructural returns an error if the schema has a keyword that a structural schema must not have.
func checkStructural(schema *apiextensionsv1.JSONSchemaProps) error {
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(schema, &internal, nil); err != nil {
		return err
	}
	_, err := structuralschema.NewStructural(&internal)
	return err
}

// checkKeywords returns an error if a schema has an unknown keyword. Strict decoding finds these only
// outside of items and additionalProperties: the types of these two decode themselves, and leniently.
func checkKeywords(text []byte) error {
	var crd struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema any }
			}
		}
	}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		return err
	}
	for _, version := range crd.Spec.Versions {
		if err := checkKeywordsOf(version.Name, version.Schema.OpenAPIV3Schema); err != nil {
			return err
		}
	}
	return nil
}

func checkKeywordsOf(path string, node any) error {
	schema, ok := node.(map[string]any)
	if !ok { // additionalProperties may be a boolean
		return nil
	}
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if !slices.Contains(keywords, keyword) {
			return fmt.Errorf("%s: unknown field %q", path, keyword)
		}
	}
	errs := []error{checkKeywordsOf(path+"[]", schema["items"]), checkKeywordsOf(path+"{}", schema["additionalProperties"]),
		checkKeywordsOf(path+".not", schema["not"])}
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		errs = append(errs, checkKeywordsOf(path+"."+name, properties[name]))
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		alternatives, _ := schema[keyword].([]any)
		for _, alternative := range alternatives {
			errs = append(errs, checkKeywordsOf(path+"."+keyword, alternative))
		}
	}
	return errors.Join(errs...)
}

// keywords are the keywords that a schema may have.
var keywords = func() (names []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[apiextensionsv1.JSONSchemaProps]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}()
