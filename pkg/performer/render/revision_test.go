// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

// TestGoldenRevisions pins how a revision is computed. If it fails, an upgrade to the operator with this
// change restarts every running performer: change the code so that the hashes stay.
func TestGoldenRevisions(t *testing.T) {
	tests := []struct {
		name string
		spec v1alpha1.PerformerSpec
		want string
	}{
		{"required fields only", v1alpha1.PerformerSpec{AVSAddress: "0x1", Image: "repo:1"}, "c3378fcfda"},
		{"a spec of the Executor", v1alpha1.PerformerSpec{
			AVSAddress: "0x1", Image: "repo:tag", ImagePullPolicy: corev1.PullNever, Version: "tag",
			Config: v1alpha1.PerformerConfig{GRPCPort: 8080, Environment: map[string]string{"GRPC_PORT": "8080", "AVS_ADDRESS": "0x1"}},
		}, "7b5201adbd"},
		{"every field of the first version", everyFirstField(), "5044cc650d"},
		{"every field", everyField(), "cbad83c456"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Revision(&tt.spec); got != tt.want {
				t.Errorf("Revision = %s, want %s", got, tt.want)
			}
		})
	}
}

func everyField() v1alpha1.PerformerSpec {
	spec := everyFirstField()
	spec.Config.Env = []corev1.EnvVar{{Name: "D", Value: "4"}}
	spec.Config.Probes = &v1alpha1.Probes{Service: "s", Startup: &v1alpha1.ProbeThresholds{FailureThreshold: 9}}
	spec.Replicas = ptr.To[int32](1)
	spec.UpgradeStrategy = &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}
	spec.TerminationGracePeriodSeconds = ptr.To[int64](60)
	spec.PodLabels = map[string]string{"team": "a"}
	spec.PodAnnotations = map[string]string{"note": "b"}
	spec.SecurityContext = &corev1.SecurityContext{RunAsNonRoot: ptr.To(true)}
	spec.PodSecurityContext = &corev1.PodSecurityContext{FSGroup: ptr.To[int64](1)}
	spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	spec.VolumeMounts = []corev1.VolumeMount{{Name: "v", MountPath: "/v"}}
	spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: "zone"}}
	return spec
}

func everyFirstField() v1alpha1.PerformerSpec {
	return v1alpha1.PerformerSpec{
		AVSAddress: "0x1", Image: "repo@sha256:0", ImagePullPolicy: corev1.PullAlways, Version: "v1",
		Config: v1alpha1.PerformerConfig{
			GRPCPort:    1234,
			Environment: map[string]string{"A": "1", "B": "2"},
			EnvironmentFrom: []v1alpha1.EnvironmentVariableSource{{Name: "C", ValueFrom: v1alpha1.EnvironmentValueSource{
				SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: corev1.LocalObjectReference{Name: "s"}, Key: "k"},
			}}},
			Args: []string{"a"}, Command: []string{"c"}, ServiceAccountName: "sa",
		},
		Scheduling: &v1alpha1.SchedulingConfig{
			NodeSelector: map[string]string{"n": "1"},
			Tolerations:  []corev1.Toleration{{Key: "t", Operator: corev1.TolerationOpExists}},
			Affinity:     &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}},
			RuntimeClass: "rc", PriorityClassName: "pc",
		},
		HardwareRequirements: &v1alpha1.HardwareRequirements{
			GPUType: "H100", GPUCount: 2, TEERequired: true, TEEType: "tdx", CustomLabels: map[string]string{"l": "1"},
		},
		ImagePullSecrets: []corev1.LocalObjectReference{{Name: "pull"}},
	}
}

func TestRevision(t *testing.T) {
	base := Revision(&v1alpha1.PerformerSpec{AVSAddress: "0x1", Image: "repo:1"})
	same := map[string]v1alpha1.PerformerSpec{
		"defaults written out": {AVSAddress: "0x1", Image: "repo:1", ImagePullPolicy: corev1.PullIfNotPresent,
			Config: v1alpha1.PerformerConfig{GRPCPort: DefaultGRPCPort}},
		"empty values written out": {AVSAddress: "0x1", Image: "repo:1",
			Config:               v1alpha1.PerformerConfig{Environment: map[string]string{}, Args: []string{}},
			Scheduling:           &v1alpha1.SchedulingConfig{NodeSelector: map[string]string{}, Tolerations: []corev1.Toleration{}},
			HardwareRequirements: &v1alpha1.HardwareRequirements{CustomLabels: map[string]string{}}},
		"the default grace period and strategy written out": {AVSAddress: "0x1", Image: "repo:1",
			TerminationGracePeriodSeconds: ptr.To[int64](30), UpgradeStrategy: &v1alpha1.UpgradeStrategy{Type: v1alpha1.RecreateUpgrade}},
		"the default thresholds written out": {AVSAddress: "0x1", Image: "repo:1", Config: v1alpha1.PerformerConfig{Probes: &v1alpha1.Probes{
			Startup: &v1alpha1.ProbeThresholds{}, Liveness: &v1alpha1.ProbeThresholds{PeriodSeconds: 10, FailureThreshold: 6},
		}}},
		"empty probes":                  {AVSAddress: "0x1", Image: "repo:1", Config: v1alpha1.PerformerConfig{Probes: &v1alpha1.Probes{}}},
		"another AVS, which is a label": {AVSAddress: "0x2", Image: "repo:1"},
		"suspended":                     {AVSAddress: "0x1", Image: "repo:1", Replicas: new(int32)},
		"other resources, which have a hash of their own": {AVSAddress: "0x1", Image: "repo:1", Resources: corev1.ResourceRequirements{
			Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}}},
	}
	for name, spec := range same {
		if got := Revision(&spec); got != base {
			t.Errorf("%s: the revision changed", name)
		}
	}
}

// TestEveryFieldChangesAHash erases the fields of a spec one by one and expects another revision, or
// another hash of the resources, for each. A change of a field that is missing in the revision would be
// ignored.
func TestEveryFieldChangesAHash(t *testing.T) {
	shapesNoPod := map[string]bool{"AVSAddress": true, "Replicas": true, "UpgradeStrategy": true}
	for _, field := range leaves(reflect.TypeFor[v1alpha1.PerformerSpec]()) {
		spec := everyField()
		spec.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}
		before, beforeResources := Revision(&spec), ResourcesHash(&spec)
		reflect.ValueOf(&spec).Elem().FieldByIndex(field.Index).SetZero()
		changed := Revision(&spec) != before || ResourcesHash(&spec) != beforeResources
		if changed == shapesNoPod[field.Name] {
			t.Errorf("spec field %s: erasing it changes the revision or the resources: %v", field.Name, changed)
		}
	}
}

// leaves returns the fields of a spec, with those of its config in place of the config.
func leaves(spec reflect.Type) []reflect.StructField {
	var fields []reflect.StructField
	for _, field := range reflect.VisibleFields(spec) {
		if field.Type != reflect.TypeFor[v1alpha1.PerformerConfig]() {
			fields = append(fields, field)
			continue
		}
		for _, inner := range reflect.VisibleFields(field.Type) {
			inner.Index = append(append([]int{}, field.Index...), inner.Index...)
			fields = append(fields, inner)
		}
	}
	return fields
}

func TestResourcesHash(t *testing.T) {
	hash := func(cpu, memory string) string {
		return ResourcesHash(&v1alpha1.PerformerSpec{Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory),
		}}})
	}
	if hash("1", "1Gi") != hash("1000m", "1024Mi") || hash("1", "1Gi") != hash("1.0", "1073741824") {
		t.Error("equal quantities written differently have different hashes")
	}
	if hash("1", "1Gi") == hash("1", "1G") {
		t.Error("different quantities have the same hash")
	}
	empty := v1alpha1.PerformerSpec{}
	emptied := v1alpha1.PerformerSpec{Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{}}}
	if ResourcesHash(&empty) != ResourcesHash(&emptied) {
		t.Error("an empty list and none have different hashes")
	}
}
