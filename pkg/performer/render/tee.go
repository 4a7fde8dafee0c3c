// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

// TEE is what a type of trusted execution environment adds to a pod. Its JSON form is that of the table
// that administrators give the manager.
type TEE struct {
	// NodeLabels are the labels that the node must have.
	NodeLabels map[string]string `json:"nodeLabels,omitempty"`
	// RuntimeClass of the pod, unless the Performer names one.
	RuntimeClass string `json:"runtimeClass,omitempty"`
	// Resources are added to the container, as requests and limits.
	Resources corev1.ResourceList `json:"resources,omitempty"`
}

// DefaultTEEs returns the table that is used if the administrator gives none. The node labels are those
// of Node Feature Discovery (cpu-security), the RuntimeClasses those of the Kata Containers deployment,
// the resource that of Intel's device plugin for SGX. Anything that a cluster lacks keeps the pod from
// starting: it never runs outside the required environment.
func DefaultTEEs() map[string]TEE {
	const feature = "feature.node.kubernetes.io/cpu-security."
	return map[string]TEE{
		"sgx": {
			NodeLabels: map[string]string{feature + "sgx.enabled": "true"},
			Resources:  corev1.ResourceList{"sgx.intel.com/enclave": resource.MustParse("1")},
		},
		"sev":     {NodeLabels: map[string]string{feature + "sev.enabled": "true"}, RuntimeClass: "kata-qemu-sev"},
		"sev-snp": {NodeLabels: map[string]string{feature + "sev.snp.enabled": "true"}, RuntimeClass: "kata-qemu-snp"},
		"tdx":     {NodeLabels: map[string]string{feature + "tdx.enabled": "true"}, RuntimeClass: "kata-qemu-tdx"},
	}
}

// ParseTEEs reads a table of trusted execution environments, a map from type to TEE, in YAML or JSON. It
// replaces DefaultTEEs as a whole. Values that the API server would refuse on a pod and misspelled
// fields are refused here, when the manager starts, and not later on somebody's Performer. An error is
// one line that names the entry, the field, and what is accepted.
func ParseTEEs(data []byte) (map[string]TEE, error) {
	// The strict form refuses duplicate keys: one of two entries would be ignored silently.
	asJSON, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		return nil, fmt.Errorf("invalid YAML or JSON: %s", oneLine(err))
	}
	if string(asJSON) == "null" {
		return nil, errors.New("empty: expected an entry for each type, or {} for no types")
	}
	var entries map[string]json.RawMessage
	if json.Unmarshal(asJSON, &entries) != nil {
		return nil, errors.New("expected a map from types (such as tdx) to nodeLabels, runtimeClass and resources")
	}
	tees := make(map[string]TEE, len(entries))
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		tee, err := parseTEE(entries[name])
		if err == nil {
			err = checkTEEName(name)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		// The type in a Performer is not case-sensitive.
		key := strings.ToLower(name)
		if _, twice := tees[key]; twice {
			return nil, fmt.Errorf("%q: duplicate type: expected each type once, regardless of case", name)
		}
		tees[key] = tee
	}
	return tees, nil
}

func checkTEEName(name string) error {
	if name == "" || len(validation.IsValidLabelValue(name)) > 0 {
		return errors.New("invalid type: expected 1 to 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends")
	}
	return nil
}

// parseTEE reads one entry field by field, since the errors of a decoder don't name the field.
func parseTEE(data json.RawMessage) (TEE, error) {
	var (
		tee    TEE
		fields map[string]json.RawMessage
	)
	if json.Unmarshal(data, &fields) != nil {
		return tee, errors.New("expected a map of nodeLabels, runtimeClass and resources")
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		var err error
		switch field {
		case "nodeLabels":
			tee.NodeLabels, err = parseNodeLabels(fields[field])
		case "runtimeClass":
			tee.RuntimeClass, err = parseRuntimeClass(fields[field])
		case "resources":
			tee.Resources, err = parseResources(fields[field])
		default:
			err = errors.New("unknown field: expected nodeLabels, runtimeClass or resources")
		}
		if err != nil {
			return tee, fmt.Errorf("%s: %w", field, err)
		}
	}
	if len(tee.NodeLabels) == 0 && tee.RuntimeClass == "" && len(tee.Resources) == 0 {
		// A Performer that requires this type would get a pod that runs anywhere.
		return tee, errors.New("no requirement: expected nodeLabels, runtimeClass or resources; set one of them, or remove the type")
	}
	return tee, nil
}

func parseNodeLabels(data json.RawMessage) (map[string]string, error) {
	var values map[string]json.RawMessage
	if json.Unmarshal(data, &values) != nil {
		return nil, errors.New("expected a map of labels")
	}
	labels := make(map[string]string, len(values))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if len(validation.IsQualifiedName(key)) > 0 {
			return nil, fmt.Errorf("invalid key %q: expected %s", key, LabelKeyFormat)
		}
		var value *string
		if json.Unmarshal(values[key], &value) != nil || value == nil {
			return nil, fmt.Errorf("invalid value %s of label %s: expected a string, such as \"true\" with the quotes", values[key], key)
		}
		if len(validation.IsValidLabelValue(*value)) > 0 {
			return nil, fmt.Errorf("invalid value %q of label %s: expected %s", *value, key, LabelValueFormat)
		}
		labels[key] = *value
	}
	return labels, nil
}

func parseRuntimeClass(data json.RawMessage) (string, error) {
	var name *string
	if json.Unmarshal(data, &name) != nil || name == nil || len(validation.IsDNS1123Subdomain(*name)) > 0 {
		return "", fmt.Errorf("invalid RuntimeClass name %s: expected lower-case letters, digits, '-' and '.', with a letter or digit at both ends", bytes.TrimSpace(data))
	}
	return *name, nil
}

func parseResources(data json.RawMessage) (corev1.ResourceList, error) {
	var amounts map[string]json.RawMessage
	if json.Unmarshal(data, &amounts) != nil {
		return nil, errors.New("expected a map from resource names to amounts")
	}
	list := make(corev1.ResourceList, len(amounts))
	for _, name := range slices.Sorted(maps.Keys(amounts)) {
		if err := CheckResourceName(name); err != nil {
			return nil, err
		}
		var amount resource.Quantity
		if json.Unmarshal(amounts[name], &amount) != nil || amount.Sign() <= 0 {
			return nil, fmt.Errorf("invalid amount %s of %s: expected a quantity above 0, such as 1", amounts[name], name)
		}
		if strings.Contains(name, "/") && amount.MilliValue()%1000 != 0 {
			return nil, fmt.Errorf("invalid amount %s of %s: expected a whole number, since devices can't be split", amounts[name], name)
		}
		list[corev1.ResourceName(name)] = amount
	}
	return list, nil
}

// CheckResourceName returns why a container can't request the resource, or nil. It may be one that
// Kubernetes knows, or one that a device plugin offers, whose name has a domain.
func CheckResourceName(name string) error {
	switch corev1.ResourceName(name) {
	case corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
		return nil
	}
	if len(validation.IsQualifiedName(name)) > 0 {
		return fmt.Errorf("invalid resource name %q: expected %s", name, LabelKeyFormat)
	}
	if !strings.Contains(name, "/") && !strings.HasPrefix(name, corev1.ResourceHugePagesPrefix) {
		return fmt.Errorf("invalid resource name %q: expected a name with its domain, such as sgx.intel.com/enclave", name)
	}
	return nil
}

// oneLine returns the text of an error, which a parser may have spread over several lines.
func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
