// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// passedThrough are the types of the values that the chart copies into objects unchanged.
var passedThrough = []any{
	corev1.ResourceRequirements{}, corev1.PodSecurityContext{}, corev1.SecurityContext{}, corev1.Affinity{}, corev1.Toleration{},
	corev1.TopologySpreadConstraint{}, corev1.EnvVar{}, networkingv1.NetworkPolicyIngressRule{}, networkingv1.NetworkPolicyEgressRule{},
	render.TEE{},
}

// TestSchemaMatchesGoTypes compares the definitions in values.schema.json, which reject mistyped
// fields, with the Go types of these fields.
func TestSchemaMatchesGoTypes(t *testing.T) {
	t.Parallel()
	var schema struct{ Definitions map[string]any }
	if err := json.Unmarshal(read(t, "deploy/charts/hourglass-operator/values.schema.json"), &schema); err != nil {
		t.Fatal(err)
	}
	definitions := map[string]any{}
	for _, value := range passedThrough {
		schemaOf(reflect.TypeOf(value), definitions)
	}
	for _, name := range slices.Sorted(maps.Keys(definitions)) {
		if !reflect.DeepEqual(schema.Definitions[name], definitions[name]) {
			want, err := json.Marshal(definitions[name])
			t.Errorf("values.schema.json: wrong definition of %s, want\n%s %v", name, want, err)
		}
	}
}

// schemaOf returns the schema of a type. It adds the schemas of structs to definitions.
func schemaOf(of reflect.Type, definitions map[string]any) map[string]any {
	switch of {
	case reflect.TypeFor[resource.Quantity]():
		return map[string]any{"type": []any{"string", "number"}}
	case reflect.TypeFor[intstr.IntOrString]():
		return map[string]any{"type": []any{"string", "integer"}}
	}
	switch of.Kind() {
	case reflect.Pointer:
		return schemaOf(of.Elem(), definitions)
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(of.Elem(), definitions)}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(of.Elem(), definitions)}
	case reflect.Struct:
		if definitions[of.Name()] == nil {
			definitions[of.Name()] = map[string]any{} // ends the recursion of a type that contains itself
			definitions[of.Name()] = structSchema(of, definitions)
		}
		return map[string]any{"$ref": "#/definitions/" + of.Name()}
	}
	return map[string]any{"type": "integer"}
}

func structSchema(of reflect.Type, definitions map[string]any) map[string]any {
	properties, required := map[string]any{}, []any{}
	for i := range of.NumField() {
		field := of.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" { // inlined
			maps.Copy(properties, structSchema(field.Type, definitions)["properties"].(map[string]any))
			continue
		}
		properties[name] = schemaOf(field.Type, definitions)
		if !strings.Contains(options, "omitempty") {
			required = append(required, name)
		}
	}
	schema := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	return schema
}
