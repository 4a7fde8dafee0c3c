// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package validation

import (
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
// cluster; what depends on the cluster, such as whether a RuntimeClass exists, is left to the cluster.
func Validate(p *v1alpha1.Performer, tees map[string]render.TEE) []render.Mistake {
	var found mistakes
	if mistake := render.NameMistake(p.Name); mistake != nil {
		found = append(found, *mistake)
	}
	hw, mistake := render.ResolveHardware(p.Spec.HardwareRequirements, tees)
	return append(found, ValidateSpec(&p.Spec, hw.AddTo(p.Spec.Resources), mistake)...)
}

// ValidateSpec returns the mistakes in a spec, in the order of the fields. The caller has resolved its
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
		found.checkName("spec.scheduling.runtimeClass", "a RuntimeClass", scheduling.RuntimeClass)
		found.checkName("spec.scheduling.priorityClassName", "a PriorityClass", scheduling.PriorityClassName)
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

type mistakes []render.Mistake

func (m *mistakes) add(field, format string, args ...any) {
	*m = append(*m, render.Mistake{Field: field, Why: fmt.Sprintf(format, args...)})
}

// checkName checks the name of another object. It may be empty.
func (m *mistakes) checkName(field, kind, name string) {
	if name != "" && len(validation.IsDNS1123Subdomain(name)) > 0 {
		m.add(field, "is %q, which is not a valid name of %s: a name has lower-case letters, digits, '-' and '.', with a letter or digit at both ends", name, kind)
	}
}

func (m *mistakes) checkLabels(field string, labels map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		m.checkKey(field, key, key)
		if len(validation.IsValidLabelValue(labels[key])) > 0 {
			m.add(field, "has %q as the value of %s: a label's value has at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends", labels[key], key)
		}
	}
}

// checkKey checks the key of a label or an annotation by the rules for labels. normalized is the key,
// in lower case if case does not matter.
func (m *mistakes) checkKey(field, key, normalized string) {
	if len(validation.IsQualifiedName(normalized)) > 0 {
		m.add(field, "has the key %q: a key is [domain/]name, the name with at most 63 letters, digits, '-', '_' and '.'", key)
	}
}

func (m *mistakes) checkAnnotations(field string, annotations map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		m.checkKey(field, key, strings.ToLower(key))
	}
	if apivalidation.ValidateAnnotationsSize(annotations) != nil {
		m.add(field, "is too large: all annotations of a pod together have at most %d bytes", apivalidation.TotalAnnotationSizeLimitB)
	}
}

// checkConfig checks the names of environment variables and their references, never their values.
func (m *mistakes) checkConfig(config *v1alpha1.PerformerConfig) {
	const path = "spec.config"
	setBy := map[string]string{} // the field that sets the variable, by its name
	check := func(source, name string) {
		if len(validation.IsRelaxedEnvVarName(name)) > 0 {
			m.add(path+"."+source, "has a variable named %q: a name is one or more printable ASCII characters other than '='", name)
		}
		if other, twice := setBy[name]; twice {
			m.add(path+"."+source, "sets %s, which %s sets too: set each name once", name, other)
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
				m.add(field, "has value and valueFrom: set one of them")
			}
		}
	}
	m.checkName(path+".serviceAccountName", "a ServiceAccount", config.ServiceAccountName)
}

// checkReferences checks references to keys of a Secret and of a ConfigMap; each may be nil.
func (m *mistakes) checkReferences(field string, secret *corev1.SecretKeySelector, configMap *corev1.ConfigMapKeySelector) {
	check := func(field, kind, name, key string) {
		if name == "" {
			m.add(field+".name", "is empty: it must be the name of %s", kind)
		}
		if len(validation.IsConfigMapKey(key)) > 0 {
			m.add(field+".key", "is %q, which is not a valid key of %s: a key has letters, digits, '-', '_' and '.'", key, kind)
		}
	}
	if secret != nil {
		check(field+".secretKeyRef", "a Secret", secret.Name, secret.Key)
	}
	if configMap != nil {
		check(field+".configMapKeyRef", "a ConfigMap", configMap.Name, configMap.Key)
	}
}

// checkResources checks the resources of the container, including what the hardware adds.
func (m *mistakes) checkResources(resources corev1.ResourceRequirements) {
	check := func(field string, list corev1.ResourceList) {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			amount := list[name]
			if err := render.CheckResourceName(string(name)); err != nil {
				m.add(field, "is invalid: %s", err)
			}
			switch {
			case amount.Sign() < 0:
				m.add(field+"."+string(name), "is %s: it must not be negative", amount.String())
			case wholeOnly(name) && amount.MilliValue()%1000 != 0:
				m.add(field+"."+string(name), "is %s: it must be a whole number, since devices can't be split", amount.String())
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
			m.add(field, "is %s with no limit: this resource can't be overcommitted, so set the limit to the same amount", request.String())
		case exact && request.Cmp(limit) != 0:
			m.add(field, "is %s and the limit is %s: this resource can't be overcommitted, so both must be the same", request.String(), limit.String())
		case limited && request.Cmp(limit) > 0:
			m.add(field, "is %s, above the limit of %s: it must be at most the limit", request.String(), limit.String())
		}
	}
}

// wholeOnly reports whether the resource is one that device plugins offer, in whole units.
func wholeOnly(name corev1.ResourceName) bool {
	return strings.Contains(string(name), "/")
}

func (m *mistakes) checkHardwareLabels(hardware *v1alpha1.HardwareRequirements) {
	const path = "spec.hardwareRequirements"
	if len(validation.IsValidLabelValue(hardware.GPUType)) > 0 {
		m.add(path+".gpuType", "is %q, which is not a valid value of the node label %s: it has at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends", hardware.GPUType, render.GPUProductLabel)
	}
	m.checkLabels(path+".customLabels", hardware.CustomLabels)
}

func (m *mistakes) checkVolumes(spec *v1alpha1.PerformerSpec) {
	names := make([]string, 0, len(spec.Volumes))
	for i := range spec.Volumes {
		name := spec.Volumes[i].Name
		names = append(names, name)
		if len(validation.IsDNS1123Label(name)) > 0 {
			m.add(fmt.Sprintf("spec.volumes[%d].name", i), "is %q: it must be 1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends", name)
		}
	}
	for i, mount := range spec.VolumeMounts {
		if !slices.Contains(names, mount.Name) {
			m.add(fmt.Sprintf("spec.volumeMounts[%d].name", i), "is %q, and spec.volumes has no volume of that name", mount.Name)
		}
	}
}
