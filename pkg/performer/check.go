// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// A Mistake is something in a Performer that the schema lets in and that can't work: the API server
// would refuse the pod for it, or a kubelet could never run it.
type Mistake struct {
	// Field is the path of the field, such as spec.config.env[2].name.
	Field string
	// Why says what the field is and what would be right. It is the same each time that the same is
	// wrong, and tells no value of an environment variable.
	Why string
}

// String returns field and reason as one sentence.
func (m Mistake) String() string { return m.Field + " " + m.Why }

// Check returns the mistakes in p, in the order of the fields; none if there are none. Admission and
// the controller both go by it, so that they say the same in the same words. It names what is wrong in
// any cluster: what only a cluster can tell, as whether a RuntimeClass is there, is left to that.
func Check(p *v1alpha1.Performer, s Settings) []Mistake {
	var found mistakes
	if problem := nameProblem(p.Name); problem != nil {
		found.add("metadata.name", "%s", strings.TrimPrefix(problem.Message, "metadata.name "))
	}
	return append(found, checkSpec(&p.Spec, s)...)
}

// checkSpec is Check for the spec alone.
func checkSpec(spec *v1alpha1.PerformerSpec, s Settings) []Mistake {
	hw, mistake := resolveHardware(spec.HardwareRequirements, s.TEEs)
	var found mistakes
	if err := checkImage(spec.Image); err != nil {
		found.add("spec.image", "%s", err)
	}
	found.checkConfig(&spec.Config)
	found.checkResources(addResources(spec.Resources, hw.resources))
	if scheduling := spec.Scheduling; scheduling != nil {
		found.checkLabels("spec.scheduling.nodeSelector", scheduling.NodeSelector)
		found.checkName("spec.scheduling.runtimeClass", "a RuntimeClass", scheduling.RuntimeClass)
		found.checkName("spec.scheduling.priorityClassName", "a PriorityClass", scheduling.PriorityClassName)
	}
	if mistake != nil {
		found = append(found, *mistake)
	}
	if hardware := spec.HardwareRequirements; hardware != nil {
		found.checkHardwareLabels(hardware)
	}
	found.checkLabels("spec.podLabels", spec.PodLabels)
	found.checkAnnotations("spec.podAnnotations", spec.PodAnnotations)
	found.checkVolumes(spec)
	return found
}

// specProblem returns the mistakes as what keeps the operator from making a pod, or nil without any.
func specProblem(found []Mistake) *Problem {
	if len(found) == 0 {
		return nil
	}
	texts := make([]string, len(found))
	for i, m := range found {
		texts[i] = m.String()
	}
	return &Problem{Kind: Terminal, Reason: ReasonInvalidSpec, Message: strings.Join(texts, "; ")}
}

type mistakes []Mistake

func (m *mistakes) add(field, format string, args ...any) {
	*m = append(*m, Mistake{Field: field, Why: fmt.Sprintf(format, args...)})
}

// checkName checks the name of another object, which may be left out.
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

// checkKey checks the key of a label or an annotation by the rules for labels. judged is key, or key
// in lower case where case does not matter.
func (m *mistakes) checkKey(field, key, judged string) {
	if len(validation.IsQualifiedName(judged)) > 0 {
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

// checkConfig checks names of environment variables and what they refer to, never their values.
func (m *mistakes) checkConfig(config *v1alpha1.PerformerConfig) {
	const path = "spec.config"
	setBy := map[string]string{} // by name, the field that sets the variable
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

// checkResources checks what the container would ask for, what the hardware adds included.
func (m *mistakes) checkResources(resources corev1.ResourceRequirements) {
	check := func(field string, list corev1.ResourceList) {
		for _, name := range slices.Sorted(maps.Keys(list)) {
			amount := list[name]
			if err := checkResourceName(string(name)); err != nil {
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

// wholeOnly tells whether the resource is one that device plugins offer, by the piece.
func wholeOnly(name corev1.ResourceName) bool {
	return strings.Contains(string(name), "/")
}

func (m *mistakes) checkHardwareLabels(hardware *v1alpha1.HardwareRequirements) {
	const path = "spec.hardwareRequirements"
	if len(validation.IsValidLabelValue(hardware.GPUType)) > 0 {
		m.add(path+".gpuType", "is %q, which is not a valid value of the node label %s: it has at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends", hardware.GPUType, gpuProductNode)
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
