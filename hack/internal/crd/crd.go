// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package crd reads CustomResourceDefinitions, all of what they may hold, for the tools of hack/.
package crd

import (
	"bytes"
	"encoding/json"
	"errors"

	"sigs.k8s.io/yaml"
)

// Definition is a CustomResourceDefinition.
type Definition struct {
	Spec Spec `json:"spec"`

	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Metadata   json.RawMessage `json:"metadata"`
	Status     json.RawMessage `json:"status"`
}

// Spec is what it defines.
type Spec struct {
	Group                 string          `json:"group"`
	Names                 Names           `json:"names"`
	Scope                 string          `json:"scope"`
	Versions              []Version       `json:"versions"`
	Conversion            json.RawMessage `json:"conversion"`
	PreserveUnknownFields bool            `json:"preserveUnknownFields"`
}

// Names are what the objects are called.
type Names struct {
	Plural     string   `json:"plural"`
	Singular   string   `json:"singular"`
	Kind       string   `json:"kind"`
	ListKind   string   `json:"listKind"`
	ShortNames []string `json:"shortNames"`
	Categories []string `json:"categories"`
}

// Version is one version of the objects.
type Version struct {
	Name             string                            `json:"name"`
	Served           bool                              `json:"served"`
	Storage          bool                              `json:"storage"`
	Schema           struct{ OpenAPIV3Schema *Schema } `json:"schema"`
	Subresources     map[string]json.RawMessage        `json:"subresources"`
	SelectableFields []struct{ JSONPath string }       `json:"selectableFields"`

	Deprecated               bool     `json:"deprecated"`
	DeprecationWarning       string   `json:"deprecationWarning"`
	AdditionalPrinterColumns []Column `json:"additionalPrinterColumns"`
}

// Column is one that kubectl get shows.
type Column struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Format      string `json:"format"`
	Description string `json:"description"`
	Priority    int32  `json:"priority"`
	JSONPath    string `json:"jsonPath"`
}

// Schema has every keyword that a structural schema may have. Reading fails at any other: it might be
// one by which objects are judged.
type Schema struct {
	Type                 string             `json:"type"`
	Format               string             `json:"format"`
	Properties           map[string]*Schema `json:"properties"`
	Items                *Schema            `json:"items"`
	AdditionalProperties *SchemaOrBool      `json:"additionalProperties"`
	Required             []string           `json:"required"`
	Default              any                `json:"default"`
	Enum                 []any              `json:"enum"`
	Nullable             bool               `json:"nullable"`
	Pattern              string             `json:"pattern"`

	Minimum          *float64 `json:"minimum"`
	Maximum          *float64 `json:"maximum"`
	ExclusiveMinimum bool     `json:"exclusiveMinimum"`
	ExclusiveMaximum bool     `json:"exclusiveMaximum"`
	MultipleOf       *float64 `json:"multipleOf"`
	MinLength        *float64 `json:"minLength"`
	MaxLength        *float64 `json:"maxLength"`
	MinItems         *float64 `json:"minItems"`
	MaxItems         *float64 `json:"maxItems"`
	UniqueItems      bool     `json:"uniqueItems"`
	MinProperties    *float64 `json:"minProperties"`
	MaxProperties    *float64 `json:"maxProperties"`

	AllOf any `json:"allOf"`
	AnyOf any `json:"anyOf"`
	OneOf any `json:"oneOf"`
	Not   any `json:"not"`

	IntOrString           bool     `json:"x-kubernetes-int-or-string"`
	PreserveUnknownFields bool     `json:"x-kubernetes-preserve-unknown-fields"`
	EmbeddedResource      bool     `json:"x-kubernetes-embedded-resource"`
	ListType              string   `json:"x-kubernetes-list-type"`
	ListMapKeys           []string `json:"x-kubernetes-list-map-keys"`
	MapType               string   `json:"x-kubernetes-map-type"`
	Validations           []Rule   `json:"x-kubernetes-validations"`

	// For people.
	Title        string `json:"title"`
	Description  string `json:"description"`
	Example      any    `json:"example"`
	ExternalDocs any    `json:"externalDocs"`
}

// Rule is one in CEL.
type Rule struct {
	Rule            string `json:"rule"`
	OptionalOldSelf bool   `json:"optionalOldSelf"`

	Message           string `json:"message"`
	MessageExpression string `json:"messageExpression"`
	Reason            string `json:"reason"`
	FieldPath         string `json:"fieldPath"`
}

// SchemaOrBool is what additionalProperties are: a schema for all values, or whether there may be any.
type SchemaOrBool struct {
	Schema  *Schema
	Allowed bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *SchemaOrBool) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &s.Allowed) == nil {
		return nil
	}
	s.Allowed, s.Schema = true, &Schema{}
	return decode(data, s.Schema)
}

// decode reads JSON and refuses what it does not know.
func decode(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// Parse reads a CustomResourceDefinition, and refuses what it does not know.
func Parse(text []byte) (*Definition, error) {
	data, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, err
	}
	c := &Definition{}
	if err := decode(data, c); err != nil {
		return nil, err
	}
	if c.Kind != "CustomResourceDefinition" {
		return nil, errors.New("it is no CustomResourceDefinition")
	}
	for _, v := range c.Spec.Versions {
		if v.Schema.OpenAPIV3Schema == nil {
			return nil, errors.New("version " + v.Name + " has no schema")
		}
	}
	return c, nil
}
