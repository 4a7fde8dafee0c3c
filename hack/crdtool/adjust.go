// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"
)

// adjust writes a CRD with what no marker can express, since it concerns the types of Kubernetes that the
// spec embeds: quantities are accepted as Deployments accept them, every value can be decoded by the Go
// types, and every text, list and map of the spec has a bound.
func adjust(args []string, out io.Writer) error {
	crd, err := readCRD(args[0])
	if err != nil {
		return err
	}
	for i := range crd.Spec.Versions {
		root := crd.Spec.Versions[i].Schema.OpenAPIV3Schema
		eachSchema("", root, makeDecodable)
		if spec, ok := root.Properties["spec"]; ok {
			eachSchema("spec", &spec, setBounds)
			root.Properties["spec"] = spec
		}
	}
	return writeCRD(crd, out)
}

// eachSchema calls change for a schema and for all schemas in it. Paths are like spec.list[].field and
// spec.map{}.
func eachSchema(path string, schema *apiextensionsv1.JSONSchemaProps, change func(path string, schema *apiextensionsv1.JSONSchemaProps)) {
	change(path, schema)
	for name, property := range schema.Properties {
		eachSchema(path+"."+name, &property, change)
		schema.Properties[name] = property
	}
	if items := itemSchema(*schema); items != nil {
		eachSchema(path+"[]", items, change)
	}
	if additional := schema.AdditionalProperties; additional != nil && additional.Schema != nil {
		eachSchema(path+"{}", additional.Schema, change)
	}
}

// quantityPattern is the format of a quantity that is a text. controller-gen's pattern also accepts
// exponents that resource.ParseQuantity rejects, and some for which it would need gigabytes.
const quantityPattern = `^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?[0-9]{1,2}))?$`

// makeDecodable restricts a schema to what the Go types can decode: a single object that they can't fails
// the list of all objects. API servers before Kubernetes 1.36 ignore the format int32.
func makeDecodable(_ string, schema *apiextensionsv1.JSONSchemaProps) {
	if schema.Format == "int32" {
		if schema.Minimum == nil {
			schema.Minimum = ptr.To[float64](math.MinInt32)
		}
		if schema.Maximum == nil {
			schema.Maximum = ptr.To[float64](math.MaxInt32)
		}
	}
	if schema.XIntOrString && schema.Pattern != "" {
		*schema = quantity(schema.Description)
	}
}

// quantity returns the schema of a quantity. controller-gen's int-or-string refuses numbers with a
// fraction, such as `cpu: 0.5`, which Deployments accept. A structural schema has no type for "text or
// number", so this one has no type, and refuses lists, objects and booleans by other keywords.
func quantity(description string) apiextensionsv1.JSONSchemaProps {
	return apiextensionsv1.JSONSchemaProps{
		Description:            description,
		XPreserveUnknownFields: ptr.To(true),
		Pattern:                quantityPattern,
		MinItems:               ptr.To[int64](1),
		MaxItems:               ptr.To[int64](0),
		MinProperties:          ptr.To[int64](1),
		MaxProperties:          ptr.To[int64](0),
		Not:                    &apiextensionsv1.JSONSchemaProps{Enum: []apiextensionsv1.JSON{{Raw: []byte("false")}, {Raw: []byte("true")}}},
	}
}

// isQuantity reports whether quantity made the schema.
func isQuantity(schema *apiextensionsv1.JSONSchemaProps) bool {
	return schema.Type == "" && schema.Pattern == quantityPattern && ptr.Deref(schema.XPreserveUnknownFields, false)
}

// The bounds of what has no bound of its own. They are far above what people use. What a whole spec may
// have is checked by package validation.
const (
	maxText     = 4096
	maxQuantity = 64
	maxItems    = 256
	maxEntries  = 256
)

// special are the bounds of what may be larger, or must be smaller, by the end of the path.
var special = map[string]int64{
	// The longest argument or variable that Linux passes to a process.
	".args[]":        131072,
	".command[]":     131072,
	".environment{}": 131072,
	".env[].value":   131072,
	// What a pod can have in all of its annotations.
	".podAnnotations{}": 262144,
	// The API server's own bound.
	".gmsaCredentialSpec": 65536,
	// Lists of nodes, for instance.
	".values": 1024,
	// In a list in a list: with more entries, the rule about their keys would exceed its budget.
	".clusterTrustBundle.labelSelector.matchLabels": 64,
	".podCertificate.userAnnotations":               64,
}

// maxQualifiedName is the longest key of a label or an annotation: a DNS subdomain, a slash and a name.
const maxQualifiedName = 253 + 1 + 63

// otherKeys are the bounds of keys that are no qualified names, by the end of the path. Kubernetes does not
// bound the keys of options for a driver.
var otherKeys = map[string]int{
	".environment":      maxText,
	".volumeAttributes": maxText,
	".options":          maxText,
}

// setBounds bounds the length of a schema's values, unless it has a bound.
func setBounds(path string, schema *apiextensionsv1.JSONSchemaProps) {
	bound := func(have **int64, usual int64) {
		if *have != nil {
			return
		}
		for end, other := range special {
			if strings.HasSuffix(path, end) {
				usual = other
			}
		}
		*have = ptr.To(usual)
	}
	switch {
	case isQuantity(schema):
		bound(&schema.MaxLength, maxQuantity)
	case schema.Type == "string" && len(schema.Enum) == 0:
		bound(&schema.MaxLength, maxText)
	case schema.Type == "array":
		bound(&schema.MaxItems, maxItems)
	case schema.AdditionalProperties != nil:
		bound(&schema.MaxProperties, maxEntries)
		boundKeys(path, schema)
	}
}

// boundKeys bounds the length of a map's keys. No keyword of a structural schema does so, and no rule can be
// about quantities, which have no type: the names of resources stay without a bound.
func boundKeys(path string, schema *apiextensionsv1.JSONSchemaProps) {
	if isQuantity(schema.AdditionalProperties.Schema) {
		return
	}
	longest := maxQualifiedName
	for end, other := range otherKeys {
		if strings.HasSuffix(path, end) {
			longest = other
		}
	}
	schema.XValidations = append(schema.XValidations, apiextensionsv1.ValidationRule{
		Rule:    fmt.Sprintf("self.all(key, key.size() <= %d)", longest),
		Message: fmt.Sprintf("must have keys of at most %d characters", longest),
	})
}

// writeCRD writes a CRD in the form of controller-gen.
func writeCRD(crd *apiextensionsv1.CustomResourceDefinition, out io.Writer) error {
	data, err := json.Marshal(crd)
	if err != nil {
		return err
	}
	var object map[string]any
	if err := yaml.Unmarshal(data, &object); err != nil {
		return err
	}
	delete(object, "status")
	text, err := yaml.Marshal(object)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, "---\n"+string(text))
	return err
}
