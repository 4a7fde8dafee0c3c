// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

func TestParseTEEs(t *testing.T) {
	nitro := map[string]TEE{"nitro": {
		NodeLabels:   map[string]string{"example.com/enclaves": "true", "bare": ""},
		RuntimeClass: "enclave.v2",
		Resources:    corev1.ResourceList{"example.com/enclave": resource.MustParse("2"), "hugepages-2Mi": resource.MustParse("1Gi")},
	}}
	tests := []struct {
		name, data string
		want       map[string]TEE
	}{
		{"YAML", `
# A comment.
nitro:
  nodeLabels: {example.com/enclaves: "true", bare: ""}
  runtimeClass: enclave.v2
  resources:
    example.com/enclave: 2
    hugepages-2Mi: 1Gi
`, nitro},
		{"JSON", `{"nitro":{"nodeLabels":{"example.com/enclaves":"true","bare":""},"runtimeClass":"enclave.v2",
			"resources":{"example.com/enclave":"2","hugepages-2Mi":"1Gi"}}}`, nitro},
		{"types in any case", `TDX: {runtimeClass: kata}`, map[string]TEE{"tdx": {RuntimeClass: "kata"}}},
		{"standard resources", `tdx: {resources: {cpu: 100m, memory: 1Gi, ephemeral-storage: 1Gi}}`, map[string]TEE{"tdx": {Resources: corev1.ResourceList{
			"cpu": resource.MustParse("100m"), "memory": resource.MustParse("1Gi"), "ephemeral-storage": resource.MustParse("1Gi"),
		}}}},
		{"no type at all", `{}`, map[string]TEE{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseTEEs([]byte(tt.data))
			if err != nil {
				t.Fatal(err)
			}
			if got == nil || !equality.Semantic.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// What is the default can be written down, changed and given back.
func TestDefaultTEEsSurviveTheFile(t *testing.T) {
	data, err := yaml.Marshal(DefaultTEEs())
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseTEEs(data)
	if err != nil {
		t.Fatal(err)
	}
	if !equality.Semantic.DeepEqual(got, DefaultTEEs()) {
		t.Errorf("got %+v", got)
	}
}

func TestParseTEEsRefuses(t *testing.T) {
	tests := []struct {
		name, data string
		want       []string // parts of the message: entry, field, and what would be right
	}{
		{"nothing", "", []string{"empty", "{}"}},
		{"comments alone", "# tdx:\n", []string{"empty"}},
		{"no YAML", "tdx: [", []string{"not YAML or JSON"}},
		{"a text", "tdx", []string{"map from the types"}},
		{"a list", "- tdx", []string{"map from the types"}},
		{"an entry twice", "tdx: {runtimeClass: a}\ntdx: {runtimeClass: b}", []string{"tdx", "already"}},
		{"an entry in two cases", "tdx: {runtimeClass: a}\nTDX: {runtimeClass: b}", []string{`"tdx"`, "appears twice"}},
		{"a type of no name", `"": {runtimeClass: a}`, []string{`""`, "1 to 63"}},
		{"a type with a blank", `a b: {runtimeClass: a}`, []string{`"a b"`, "1 to 63"}},
		{"a type that is too long", strings.Repeat("a", 64) + `: {runtimeClass: a}`, []string{"1 to 63"}},
		{"an entry that is a text", "tdx: kata", []string{`"tdx"`, "map of nodeLabels"}},
		{"an entry that asks for nothing", "tdx:", []string{`"tdx"`, "has no requirement", "remove the type"}},
		{"an entry of empty fields", "tdx: {nodeLabels: {}, resources: {}}", []string{`"tdx"`, "has no requirement"}},
		{"an unknown field", "tdx: {nodeSelector: {a: b}}", []string{`"tdx"`, "nodeSelector", "there are nodeLabels, runtimeClass and resources"}},
		{"a field in another case", "tdx: {runtimeclass: a}", []string{`"tdx"`, "runtimeclass", "no such field"}},
		{"labels in a list", "tdx: {nodeLabels: [a]}", []string{`"tdx"`, "nodeLabels", "map of labels"}},
		{"a label key", `tdx: {nodeLabels: {"a b": c}}`, []string{`"tdx"`, "nodeLabels", `"a b"`, "alphanumeric"}},
		{"a label value", `tdx: {nodeLabels: {a: "b c"}}`, []string{`"tdx"`, "nodeLabels", "value of a", `"b c"`, "alphanumeric"}},
		{"a label that is no text", `tdx: {nodeLabels: {a: true}}`, []string{`"tdx"`, "nodeLabels", "value of a is true", "with the quotes"}},
		{"a label without a value", `tdx: {nodeLabels: {a: }}`, []string{`"tdx"`, "nodeLabels", "value of a", "with the quotes"}},
		{"a runtime class", `tdx: {runtimeClass: Kata_QEMU}`, []string{`"tdx"`, "runtimeClass", "Kata_QEMU", "lower-case"}},
		{"an empty runtime class", `tdx: {runtimeClass: ""}`, []string{`"tdx"`, "runtimeClass", `""`, "name of a RuntimeClass"}},
		{"a runtime class in a list", `tdx: {runtimeClass: [kata]}`, []string{`"tdx"`, "runtimeClass", "name of a RuntimeClass"}},
		{"resources in a list", `tdx: {resources: [cpu]}`, []string{`"tdx"`, "resources", "amounts"}},
		{"a resource name", `tdx: {resources: {"a b/c": 1}}`, []string{`"tdx"`, "resources", `"a b/c"`}},
		{"a resource without a domain", `tdx: {resources: {enclave: 1}}`, []string{`"tdx"`, "resources", `"enclave"`, "with its domain"}},
		{"an amount that is none", `tdx: {resources: {a.b/c: much}}`, []string{`"tdx"`, "resources", "a.b/c", `"much"`, "such as 1"}},
		{"an amount of nothing", `tdx: {resources: {a.b/c: 0}}`, []string{`"tdx"`, "resources", "a.b/c", "above 0"}},
		{"a negative amount", `tdx: {resources: {cpu: "-1"}}`, []string{`"tdx"`, "resources", "cpu", "above 0"}},
		{"no amount", `tdx: {resources: {a.b/c: }}`, []string{`"tdx"`, "resources", "a.b/c", "above 0"}},
		{"part of a device", `tdx: {resources: {a.b/c: 500m}}`, []string{`"tdx"`, "resources", "a.b/c", "whole number"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseTEEs([]byte(tt.data))
			if err == nil {
				t.Fatalf("accepted: %+v", got)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the message lacks %q: %s", part, err)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %s", err)
			}
		})
	}
}

// A table without types makes no pod for who requires one, and says so.
func TestATableWithoutTypesFailsClosed(t *testing.T) {
	_, problem := ResolveHardware(&v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "tdx"}, map[string]TEE{})
	if problem == nil || !strings.Contains(problem.String(), "which has none") {
		t.Errorf("got %+v", problem)
	}
}
