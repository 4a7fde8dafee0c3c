// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer/render"
)

// Validate returns the mistakes in p, in the order of the fields. Admission and the controller both
// use it, so that they report the same mistake in the same words. It finds what is wrong in any
// cluster. Questions that depend on the cluster, such as whether a RuntimeClass exists, are left to it.
func Validate(p *v1alpha1.Performer, tees map[string]render.TEE) []render.Mistake {
	var found mistakes
	if mistake := render.NameMistake(p.Name); mistake != nil {
		found = append(found, *mistake)
	}
	hw, mistake := render.ResolveHardware(p.Spec.HardwareRequirements, tees)
	found = append(found, ValidateSpec(&p.Spec, hw.AddTo(p.Spec.Resources), mistake)...)
	return append(found, CheckSize(&p.Spec)...)
}

// ValidateSpec returns the mistakes in a spec apart from its size, in the order of the fields. The caller has resolved its
// hardware requirements: resources include what the hardware adds, and hardwareMistake is what is wrong
// with the requirements, or nil.
func ValidateSpec(spec *v1alpha1.PerformerSpec, resources corev1.ResourceRequirements, hardwareMistake *render.Mistake) []render.Mistake {
	var found mistakes
	if err := checkImage(spec.Image); err != nil {
		found.add("spec.image", "%s", err)
	}
	found.checkConfig(&spec.Config)
	found.checkResources(resources)
	if scheduling := spec.Scheduling; scheduling != nil {
		found.checkLabels("spec.scheduling.nodeSelector", scheduling.NodeSelector)
		found.checkName("spec.scheduling.runtimeClass", "RuntimeClass", scheduling.RuntimeClass)
		found.checkName("spec.scheduling.priorityClassName", "PriorityClass", scheduling.PriorityClassName)
	}
	if hardwareMistake != nil {
		found = append(found, *hardwareMistake)
	}
	if hardware := spec.HardwareRequirements; hardware != nil {
		found.checkHardwareLabels(hardware)
	}
	found.checkLabels("spec.podLabels", spec.PodLabels)
	found.checkAnnotations("spec.podAnnotations", spec.PodAnnotations)
	found.checkVolumes(spec)
	return found
}

// maxSpecSize bounds what a Performer costs the operator, which keeps all specs in memory. The CRD bounds
// each field, but has no way to bound their sum.
const maxSpecSize = 1 << 18

// CheckSize returns the mistake of a spec that is too large, or nil. It costs more than all other checks.
func CheckSize(spec *v1alpha1.PerformerSpec) []render.Mistake {
	var found mistakes
	data, err := json.Marshal(spec)
	if err != nil {
		found.add("spec", "can't be written as JSON: %s", err)
	}
	if len(data) > maxSpecSize {
		// Without the size: admission ignores a mistake that an older object has too, in the same words.
		found.add("spec", "too large: expected at most %d bytes of JSON; put large values into a ConfigMap or a Secret and mount it as a volume", maxSpecSize)
	}
	return found
}

type mistakes []render.Mistake

func (m *mistakes) add(field, format string, args ...any) {
	*m = append(*m, render.Mistake{Field: field, Why: fmt.Sprintf(format, args...)})
}

// checkName checks the name of another object. It may be empty.
func (m *mistakes) checkName(field, kind, name string) {
	if name != "" && len(validation.IsDNS1123Subdomain(name)) > 0 {
		m.add(field, "invalid %s name %q: expected lower-case letters, digits, '-' and '.', with a letter or digit at both ends", kind, name)
	}
}

func (m *mistakes) checkLabels(field string, labels map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		m.checkKey(field, key, key)
		if len(validation.IsValidLabelValue(labels[key])) > 0 {
			m.add(field, "invalid value %q of label %s: expected %s", labels[key], key, render.LabelValueFormat)
		}
	}
}

// checkKey checks the key of a label or an annotation by the rules for labels. normalized is the key
// in the form to check: in lower case for annotations, whose case does not matter.
func (m *mistakes) checkKey(field, key, normalized string) {
	if len(validation.IsQualifiedName(normalized)) > 0 {
		m.add(field, "invalid key %q: expected %s", key, render.LabelKeyFormat)
	}
}

func (m *mistakes) checkAnnotations(field string, annotations map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		m.checkKey(field, key, strings.ToLower(key))
	}
	if apivalidation.ValidateAnnotationsSize(annotations) != nil {
		m.add(field, "too large: expected at most %d bytes for all keys and values", apivalidation.TotalAnnotationSizeLimitB)
	}
}

// checkConfig checks the names of environment variables and their references, never their values.
func (m *mistakes) checkConfig(config *v1alpha1.PerformerConfig) {
	const path = "spec.config"
	setBy := map[string]string{} // the field that sets the variable, by its name
	check := func(source, name string) {
		if len(validation.IsRelaxedEnvVarName(name)) > 0 {
			m.add(path+"."+source, "invalid variable name %q: expected one or more printable ASCII characters other than '='", name)
		}
		if other, twice := setBy[name]; twice {
			m.add(path+"."+source, "duplicate variable %s, already set in %s: expected each variable once", name, path+"."+other)
		}
		setBy[name] = source
	}
	for _, name := range slices.Sorted(maps.Keys(config.Environment)) {
		check("environment", name)
	}
	for i, from := range config.EnvironmentFrom {
		check("environmentFrom", from.Name)
		m.checkReferences(fmt.Sprintf("%s.environmentFrom[%d].valueFrom", path, i), from.ValueFrom.SecretKeyRef, from.ValueFrom.ConfigMapKeyRef)
	}
	for i := range config.Env {
		variable := &config.Env[i]
		check("env", variable.Name)
		field := fmt.Sprintf("%s.env[%d]", path, i)
		if from := variable.ValueFrom; from != nil {
			m.checkReferences(field+".valueFrom", from.SecretKeyRef, from.ConfigMapKeyRef)
			if variable.Value != "" {
				m.add(field, "value and valueFrom are both set: expected only one of them")
			}
		}
	}
	m.checkName(path+".serviceAccountName", "ServiceAccount", config.ServiceAccountName)
}

// checkReferences checks references to keys of a Secret and of a ConfigMap; each may be nil.
func (m *mistakes) checkReferences(field string, secret *corev1.SecretKeySelector, configMap *corev1.ConfigMapKeySelector) {
	check := func(field, kind, name, key string) {
		if name == "" {
			m.add(field+".name", "empty: expected the name of a %s", kind)
		}
		if len(validation.IsConfigMapKey(key)) > 0 {
			m.add(field+".key", "invalid %s key %q: expected letters, digits, '-', '_' and '.'", kind, key)
		}
	}
	if secret != nil {
		check(field+".secretKeyRef", "Secret", secret.Name, secret.Key)
	}
	if configMap != nil {
		check(field+".configMapKeyRef", "ConfigMap", configMap.Name, configMap.Key)
	}
}

// checkResources checks the resources of the container, including what the hardware adds.
func (m *mistakes) checkResources(resources corev1.ResourceRequirements) {
	check := func(field string, list corev1.ResourceList) {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			amount := list[name]
			if err := render.CheckResourceName(string(name)); err != nil {
				m.add(field, "%s", err)
			}
			switch {
			case amount.Sign() < 0:
				m.add(field+"."+string(name), "invalid amount %s: expected 0 or more", amount.String())
			case wholeOnly(name) && amount.MilliValue()%1000 != 0:
				m.add(field+"."+string(name), "invalid amount %s: expected a whole number, since devices can't be split", amount.String())
			}
		}
	}
	check("spec.resources.limits", resources.Limits)
	check("spec.resources.requests", resources.Requests)
	for _, name := range slices.Sorted(maps.Keys(resources.Requests)) {
		field := "spec.resources.requests." + string(name)
		request := resources.Requests[name]
		limit, limited := resources.Limits[name]
		switch exact := wholeOnly(name) || strings.HasPrefix(string(name), corev1.ResourceHugePagesPrefix); {
		case exact && !limited:
			m.add(field, "%s has no limit: expected a limit of the same amount, since this resource can't be overcommitted", request.String())
		case exact && request.Cmp(limit) != 0:
			m.add(field, "%s differs from the limit of %s: expected the same amount, since this resource can't be overcommitted", request.String(), limit.String())
		case limited && request.Cmp(limit) > 0:
			m.add(field, "%s is above the limit of %s: expected at most the limit", request.String(), limit.String())
		}
	}
}

// wholeOnly reports whether the resource is offered by device plugins, which count in whole units.
func wholeOnly(name corev1.ResourceName) bool {
	return strings.Contains(string(name), "/")
}

func (m *mistakes) checkHardwareLabels(hardware *v1alpha1.HardwareRequirements) {
	const path = "spec.hardwareRequirements"
	if len(validation.IsValidLabelValue(hardware.GPUType)) > 0 {
		m.add(path+".gpuType", "invalid value %q of node label %s: expected %s", hardware.GPUType, render.GPUProductLabel, render.LabelValueFormat)
	}
	m.checkLabels(path+".customLabels", hardware.CustomLabels)
}

func (m *mistakes) checkVolumes(spec *v1alpha1.PerformerSpec) {
	names := make([]string, 0, len(spec.Volumes))
	for i := range spec.Volumes {
		name := spec.Volumes[i].Name
		names = append(names, name)
		if len(validation.IsDNS1123Label(name)) > 0 {
			m.add(fmt.Sprintf("spec.volumes[%d].name", i), "invalid volume name %q: expected 1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends", name)
		}
	}
	for i, mount := range spec.VolumeMounts {
		if !slices.Contains(names, mount.Name) {
			m.add(fmt.Sprintf("spec.volumeMounts[%d].name", i), "unknown volume %q: expected the name of a volume in spec.volumes", mount.Name)
		}
	}
}
