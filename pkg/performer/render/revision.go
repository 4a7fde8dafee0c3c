// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// podShape is the part of the spec that shapes the pod, without resources. A revision is a hash of its
// JSON, so a change to a name, an order or an omitempty here restarts every workload: the golden
// hashes in the tests make that visible. A new field must be omitted while it is empty.
type podShape struct {
	Image              string                               `json:"image"`
	ImagePullPolicy    corev1.PullPolicy                    `json:"imagePullPolicy,omitempty"`
	Version            string                               `json:"version,omitempty"`
	GRPCPort           int32                                `json:"grpcPort,omitempty"`
	Environment        map[string]string                    `json:"environment,omitempty"`
	EnvironmentFrom    []v1alpha1.EnvironmentVariableSource `json:"environmentFrom,omitempty"`
	Args               []string                             `json:"args,omitempty"`
	Command            []string                             `json:"command,omitempty"`
	ServiceAccountName string                               `json:"serviceAccountName,omitempty"`
	Scheduling         v1alpha1.SchedulingConfig            `json:"scheduling,omitzero"`
	Hardware           v1alpha1.HardwareRequirements        `json:"hardware,omitzero"`
	ImagePullSecrets   []corev1.LocalObjectReference        `json:"imagePullSecrets,omitempty"`

	Env                           []corev1.EnvVar                   `json:"env,omitempty"`
	Probes                        v1alpha1.Probes                   `json:"probes,omitzero"`
	TerminationGracePeriodSeconds *int64                            `json:"terminationGracePeriodSeconds,omitempty"`
	PodLabels                     map[string]string                 `json:"podLabels,omitempty"`
	PodAnnotations                map[string]string                 `json:"podAnnotations,omitempty"`
	SecurityContext               *corev1.SecurityContext           `json:"securityContext,omitempty"`
	PodSecurityContext            *corev1.PodSecurityContext        `json:"podSecurityContext,omitempty"`
	Volumes                       []corev1.Volume                   `json:"volumes,omitempty"`
	VolumeMounts                  []corev1.VolumeMount              `json:"volumeMounts,omitempty"`
	TopologySpreadConstraints     []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`
}

// Revision returns the desired revision: a hash of the part of the spec that shapes the pod. It is not
// a hash of the rendered pod, so that a newer operator restarts nothing; nor of the raw object, so that
// a field with the API server's default, or an empty object, equals an omitted one. Resources are not
// part of it (ResourcesHash), nor is the AVS address, which is only a label.
func Revision(spec *v1alpha1.PerformerSpec) string {
	shape := shapeOf(spec)
	shape.omitEmptyObjects()
	return hashJSON(shape)
}

// Revisions returns the revisions of which each means the desired pod: first Revision, then those by the
// rule of earlier operators, in which an empty object differed from none. A pod of such a revision may
// run since then, whether or not the spec still has the empty objects.
func Revisions(spec *v1alpha1.PerformerSpec) []string {
	shape := shapeOf(spec)
	asWritten := hashJSON(shape)
	shape.omitEmptyObjects()
	shapes := []podShape{shape}
	for _, writeEmptyObject := range []func(*podShape){
		func(s *podShape) { s.SecurityContext = cmp.Or(s.SecurityContext, &corev1.SecurityContext{}) },
		func(s *podShape) { s.PodSecurityContext = cmp.Or(s.PodSecurityContext, &corev1.PodSecurityContext{}) },
		func(s *podShape) { s.Scheduling.Affinity = cmp.Or(s.Scheduling.Affinity, &corev1.Affinity{}) },
	} {
		for _, other := range shapes {
			writeEmptyObject(&other)
			shapes = append(shapes, other)
		}
	}
	revisions := make([]string, 0, len(shapes)+1)
	for _, s := range shapes {
		revisions = append(revisions, hashJSON(s))
	}
	return append(revisions, asWritten)
}

func shapeOf(spec *v1alpha1.PerformerSpec) podShape {
	shape := podShape{
		Image:              spec.Image,
		Version:            spec.Version,
		Environment:        spec.Config.Environment,
		EnvironmentFrom:    spec.Config.EnvironmentFrom,
		Args:               spec.Config.Args,
		Command:            spec.Config.Command,
		ServiceAccountName: spec.Config.ServiceAccountName,
		ImagePullSecrets:   spec.ImagePullSecrets,

		Env:                           spec.Config.Env,
		TerminationGracePeriodSeconds: spec.TerminationGracePeriodSeconds,
		PodLabels:                     spec.PodLabels,
		PodAnnotations:                spec.PodAnnotations,
		SecurityContext:               spec.SecurityContext,
		PodSecurityContext:            spec.PodSecurityContext,
		Volumes:                       spec.Volumes,
		VolumeMounts:                  spec.VolumeMounts,
		TopologySpreadConstraints:     spec.TopologySpreadConstraints,
	}
	if probes := spec.Config.Probes; probes != nil {
		shape.Probes = v1alpha1.Probes{
			Service:   probes.Service,
			Startup:   nonDefault(startupDefaults, probes.Startup),
			Readiness: nonDefault(readinessDefaults, probes.Readiness),
			Liveness:  nonDefault(livenessDefaults, probes.Liveness),
		}
	}
	if grace := spec.TerminationGracePeriodSeconds; grace != nil && *grace == corev1.DefaultTerminationGracePeriodSeconds {
		shape.TerminationGracePeriodSeconds = nil
	}
	if spec.ImagePullPolicy != corev1.PullIfNotPresent {
		shape.ImagePullPolicy = spec.ImagePullPolicy
	}
	if port := GRPCPort(spec); port != DefaultGRPCPort {
		shape.GRPCPort = port
	}
	if spec.Scheduling != nil {
		shape.Scheduling = *spec.Scheduling
		if len(shape.Scheduling.NodeSelector) == 0 {
			shape.Scheduling.NodeSelector = nil
		}
		if len(shape.Scheduling.Tolerations) == 0 {
			shape.Scheduling.Tolerations = nil
		}
	}
	if spec.HardwareRequirements != nil {
		shape.Hardware = *spec.HardwareRequirements
		if len(shape.Hardware.CustomLabels) == 0 {
			shape.Hardware.CustomLabels = nil
		}
	}
	return shape
}

// omitEmptyObjects removes the empty objects that mean the same as none. In the other fields an empty
// object has a meaning: emptyDir: {} is a volume, and labelSelector: {} selects everything.
func (s *podShape) omitEmptyObjects() {
	s.SecurityContext = withoutEmptyObjects(s.SecurityContext)
	s.PodSecurityContext = withoutEmptyObjects(s.PodSecurityContext)
	s.Scheduling.Affinity = withoutEmptyObjects(s.Scheduling.Affinity)
}

// withoutEmptyObjects returns a copy without the empty objects in it, or nil if nothing is left.
func withoutEmptyObjects[T any, P interface {
	*T
	DeepCopy() *T
}](object P) *T {
	if object == nil {
		return nil
	}
	other := object.DeepCopy()
	if eraseEmptyObjects(reflect.ValueOf(other).Elem()) {
		return nil
	}
	return other
}

// eraseEmptyObjects erases the empty objects in a struct, at any depth, and reports whether the struct
// itself is one. A struct with a required field is not: the API server refuses it without the field.
// The items of lists stay as they are, since their number matters.
func eraseEmptyObjects(object reflect.Value) (empty bool) {
	empty = true
	for i := range object.NumField() {
		field := object.Field(i)
		switch {
		case field.Kind() == reflect.Slice && field.Len() == 0,
			field.Kind() == reflect.Pointer && !field.IsNil() && field.Elem().Kind() == reflect.Struct && eraseEmptyObjects(field.Elem()):
			field.SetZero()
		}
		optional := strings.Contains(object.Type().Field(i).Tag.Get("json"), ",omitempty")
		empty = empty && optional && field.IsZero()
	}
	return empty
}

// nonDefault returns the thresholds that differ from the defaults, or nil if none does.
func nonDefault(defaults v1alpha1.ProbeThresholds, thresholds *v1alpha1.ProbeThresholds) *v1alpha1.ProbeThresholds {
	if thresholds == nil {
		return nil
	}
	other := *thresholds
	for _, value := range []struct{ set, byDefault *int32 }{
		{&other.PeriodSeconds, &defaults.PeriodSeconds},
		{&other.TimeoutSeconds, &defaults.TimeoutSeconds},
		{&other.FailureThreshold, &defaults.FailureThreshold},
	} {
		if *value.set == *value.byDefault {
			*value.set = 0
		}
	}
	if other == (v1alpha1.ProbeThresholds{}) {
		return nil
	}
	return &other
}

// ResourcesHash returns a hash of the resources in the spec. Equal quantities give the same hash
// however they are written.
func ResourcesHash(spec *v1alpha1.PerformerSpec) string {
	return hashJSON(canonical(spec.Resources))
}

// canonicalResources is the JSON form of resources in which equal ones are equal.
type canonicalResources struct {
	Limits   map[corev1.ResourceName]string `json:"limits,omitempty"`
	Requests map[corev1.ResourceName]string `json:"requests,omitempty"`
}

func canonical(r corev1.ResourceRequirements) canonicalResources {
	return canonicalResources{canonicalQuantities(r.Limits), canonicalQuantities(r.Requests)}
}

func canonicalQuantities(list corev1.ResourceList) map[corev1.ResourceName]string {
	canonical := make(map[corev1.ResourceName]string, len(list))
	for name, quantity := range list {
		canonical[name] = canonicalQuantity(quantity)
	}
	return canonical
}

// canonicalQuantity writes 1000m and 1, or 1024Mi and 1Gi, alike.
func canonicalQuantity(q resource.Quantity) string {
	return resource.NewDecimalQuantity(*q.AsDec(), resource.DecimalSI).String()
}

// hashJSON returns the first ten hexadecimal digits of the SHA-256 of v's JSON, in which maps are
// sorted by key.
func hashJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		// Only types without a JSON form fail, and the callers' types have one.
		panic(fmt.Sprintf("hashing %T: %v", v, err))
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:10]
}
