// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

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
// a field with the API server's default equals an omitted one. Resources are not part of it
// (ResourcesHash), nor is the AVS address, which is only a label.
func Revision(spec *v1alpha1.PerformerSpec) string {
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
	return hashJSON(shape)
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
	return hashJSON(struct {
		Limits   map[corev1.ResourceName]string `json:"limits,omitempty"`
		Requests map[corev1.ResourceName]string `json:"requests,omitempty"`
	}{canonicalQuantities(spec.Resources.Limits), canonicalQuantities(spec.Resources.Requests)})
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
