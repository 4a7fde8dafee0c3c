// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
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
		{"no types", `{}`, map[string]TEE{}},
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

// The default table can be written to a file, edited and read again.
func TestDefaultTEEsRoundTrip(t *testing.T) {
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
	const (
		expectedMap    = "expected a map from types (such as tdx) to nodeLabels, runtimeClass and resources"
		expectedType   = "invalid type: expected 1 to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"
		noRequirement  = `"tdx": no requirement: expected nodeLabels, runtimeClass or resources; set one of them, or remove the type`
		expectedKey    = "expected [domain/]name, the name with at most 63 letters, digits, '-', '_' and '.'"
		expectedString = `expected a string, such as "true" with the quotes`
		expectedName   = "expected lower-case letters, digits, '-' and '.', with a letter or digit at both ends"
		expectedAmount = "expected a quantity above 0, such as 1"
	)
	tests := []struct{ name, data, want string }{
		{"empty file", "", "empty: expected an entry for each type, or {} for no types"},
		{"only a comment", "# tdx:\n", "empty: expected an entry for each type, or {} for no types"},
		{"not YAML", "tdx: [", "invalid YAML or JSON: yaml: line 1: did not find expected node content"},
		{"a string", "tdx", expectedMap},
		{"a list", "- tdx", expectedMap},
		{"duplicate type", "tdx: {runtimeClass: a}\ntdx: {runtimeClass: b}",
			`invalid YAML or JSON: yaml: unmarshal errors: line 2: key "tdx" already set in map`},
		{"duplicate type in another case", "tdx: {runtimeClass: a}\nTDX: {runtimeClass: b}", `"tdx": duplicate type: expected each type once, regardless of case`},
		{"empty type", `"": {runtimeClass: a}`, `"": ` + expectedType},
		{"type with a blank", `a b: {runtimeClass: a}`, `"a b": ` + expectedType},
		{"type that is too long", strings.Repeat("a", 64) + `: {runtimeClass: a}`, fmt.Sprintf("%q: %s", strings.Repeat("a", 64), expectedType)},
		{"entry is a string", "tdx: kata", `"tdx": expected a map of nodeLabels, runtimeClass and resources`},
		{"empty entry", "tdx:", noRequirement},
		{"entry with empty fields", "tdx: {nodeLabels: {}, resources: {}}", noRequirement},
		{"unknown field", "tdx: {nodeSelector: {a: b}}", `"tdx": nodeSelector: unknown field: expected nodeLabels, runtimeClass or resources`},
		{"field in another case", "tdx: {runtimeclass: a}", `"tdx": runtimeclass: unknown field: expected nodeLabels, runtimeClass or resources`},
		{"labels in a list", "tdx: {nodeLabels: [a]}", `"tdx": nodeLabels: expected a map of labels`},
		{"label key", `tdx: {nodeLabels: {"a b": c}}`, `"tdx": nodeLabels: invalid key "a b": ` + expectedKey},
		{"label value", `tdx: {nodeLabels: {a: "b c"}}`, `"tdx": nodeLabels: invalid value "b c" of label a: ` +
			"expected at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"},
		{"label value is not a string", `tdx: {nodeLabels: {a: true}}`, `"tdx": nodeLabels: invalid value true of label a: ` + expectedString},
		{"label without a value", `tdx: {nodeLabels: {a: }}`, `"tdx": nodeLabels: invalid value null of label a: ` + expectedString},
		{"runtime class", `tdx: {runtimeClass: Kata_QEMU}`, `"tdx": runtimeClass: invalid RuntimeClass name "Kata_QEMU": ` + expectedName},
		{"empty runtime class", `tdx: {runtimeClass: ""}`, `"tdx": runtimeClass: invalid RuntimeClass name "": ` + expectedName},
		{"runtime class in a list", `tdx: {runtimeClass: [kata]}`, `"tdx": runtimeClass: invalid RuntimeClass name ["kata"]: ` + expectedName},
		{"resources in a list", `tdx: {resources: [cpu]}`, `"tdx": resources: expected a map from resource names to amounts`},
		{"resource name", `tdx: {resources: {"a b/c": 1}}`, `"tdx": resources: invalid resource name "a b/c": ` + expectedKey},
		{"resource without a domain", `tdx: {resources: {enclave: 1}}`,
			`"tdx": resources: invalid resource name "enclave": expected a name with its domain, such as sgx.intel.com/enclave`},
		{"amount is not a quantity", `tdx: {resources: {a.b/c: much}}`, `"tdx": resources: invalid amount "much" of a.b/c: ` + expectedAmount},
		{"amount of 0", `tdx: {resources: {a.b/c: 0}}`, `"tdx": resources: invalid amount 0 of a.b/c: ` + expectedAmount},
		{"negative amount", `tdx: {resources: {cpu: "-1"}}`, `"tdx": resources: invalid amount "-1" of cpu: ` + expectedAmount},
		{"no amount", `tdx: {resources: {a.b/c: }}`, `"tdx": resources: invalid amount null of a.b/c: ` + expectedAmount},
		{"half a device", `tdx: {resources: {a.b/c: 500m}}`,
			`"tdx": resources: invalid amount "500m" of a.b/c: expected a whole number, since devices can't be split`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseTEEs([]byte(tt.data))
			if err == nil {
				t.Fatalf("accepted: %+v", got)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %q\nwant %q", err, tt.want)
			}
		})
	}
}

// With an empty table, a required TEE is a mistake.
func TestEmptyTEETableFailsClosed(t *testing.T) {
	_, mistake := ResolveHardware(&v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "tdx"}, map[string]TEE{})
	want := `spec.hardwareRequirements.teeType: unknown type "tdx": expected a type of the operator's TEE table, which is empty, since teeRequired is true`
	if mistake == nil || mistake.String() != want {
		t.Errorf("got %v, want %q", mistake, want)
	}
}
