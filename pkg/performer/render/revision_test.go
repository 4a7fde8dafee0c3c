// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"reflect"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		// These two hold an empty object, which distinguished them before empty objects were omitted.
		{"every field of the first version", everyFirstField(), "5044cc650d"},
		{"every field", everyField(), "cbad83c456"},
		{"every field, without empty objects", everyField(withoutAffinity), "0a75d4f1a0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Revisions(&tt.spec); !slices.Contains(got, tt.want) {
				t.Errorf("Revisions = %s, without %s", got, tt.want)
			}
			written, shape := shapeOf(&tt.spec), shapeOf(&tt.spec)
			shape.omitEmptyObjects()
			if got := Revision(&tt.spec); got != tt.want && reflect.DeepEqual(written, shape) {
				t.Errorf("Revision = %s, want %s", got, tt.want)
			}
		})
	}
}

func withoutAffinity(spec *v1alpha1.PerformerSpec) { spec.Scheduling.Affinity = nil }

func everyField(change ...func(*v1alpha1.PerformerSpec)) v1alpha1.PerformerSpec {
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
	for _, f := range change {
		f(&spec)
	}
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

// TestEmptyObjects has specs that differ from one without any of these fields by empty objects, which
// Helm charts render. A pod that an earlier operator created from one counts as desired by the others.
func TestEmptyObjects(t *testing.T) {
	plain := v1alpha1.PerformerSpec{AVSAddress: "0x1", Image: "repo:1"}
	var empty []v1alpha1.PerformerSpec
	for _, change := range []func(*v1alpha1.PerformerSpec){
		func(s *v1alpha1.PerformerSpec) { s.SecurityContext = &corev1.SecurityContext{} },
		func(s *v1alpha1.PerformerSpec) {
			s.SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{}}, SELinuxOptions: &corev1.SELinuxOptions{}}
		},
		func(s *v1alpha1.PerformerSpec) { s.PodSecurityContext = &corev1.PodSecurityContext{} },
		func(s *v1alpha1.PerformerSpec) {
			s.PodSecurityContext = &corev1.PodSecurityContext{SupplementalGroups: []int64{}, WindowsOptions: &corev1.WindowsSecurityContextOptions{}}
		},
		func(s *v1alpha1.PerformerSpec) {
			s.Scheduling = &v1alpha1.SchedulingConfig{Affinity: &corev1.Affinity{}}
		},
		func(s *v1alpha1.PerformerSpec) {
			s.Scheduling = &v1alpha1.SchedulingConfig{Affinity: &corev1.Affinity{
				NodeAffinity:    &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{}},
				PodAffinity:     &corev1.PodAffinity{},
				PodAntiAffinity: &corev1.PodAntiAffinity{},
			}}
		},
		func(s *v1alpha1.PerformerSpec) {
			s.Config.Probes = &v1alpha1.Probes{Startup: &v1alpha1.ProbeThresholds{}}
			s.Config.Env, s.Config.EnvironmentFrom, s.Volumes = []corev1.EnvVar{}, []v1alpha1.EnvironmentVariableSource{}, []corev1.Volume{}
			s.PodLabels, s.PodAnnotations, s.HardwareRequirements = map[string]string{}, map[string]string{}, &v1alpha1.HardwareRequirements{}
			s.Resources.Limits = corev1.ResourceList{}
		},
	} {
		spec := *plain.DeepCopy()
		change(&spec)
		before := spec.DeepCopy()
		if got := Revision(&spec); got != Revision(&plain) {
			t.Errorf("%+v has another revision", spec)
		}
		if former := hashJSON(shapeOf(&spec)); !slices.Contains(Revisions(&spec), former) {
			t.Errorf("%+v does not have its former revision", spec)
		}
		if !reflect.DeepEqual(&spec, before) {
			t.Error("computing the revision changed the spec, which belongs to the cache")
		}
		empty = append(empty, spec)
	}
	// All of the plain ones, which charts render, put in by an earlier operator and taken out since.
	all := *plain.DeepCopy()
	all.SecurityContext, all.PodSecurityContext, all.Scheduling = empty[0].SecurityContext, empty[2].PodSecurityContext, empty[4].Scheduling
	if former := hashJSON(shapeOf(&all)); !slices.Contains(Revisions(&plain), former) {
		t.Error("a spec without empty objects does not have the former revision of one with them")
	}

	for name, change := range map[string]func(*v1alpha1.PerformerSpec){
		"a value that is false": func(s *v1alpha1.PerformerSpec) {
			s.SecurityContext = &corev1.SecurityContext{Privileged: ptr.To(false)}
		},
		"a seccomp profile": func(s *v1alpha1.PerformerSpec) {
			s.SecurityContext = &corev1.SecurityContext{SeccompProfile: &corev1.SeccompProfile{}}
		},
		"a term without a label": func(s *v1alpha1.PerformerSpec) {
			s.Scheduling = &v1alpha1.SchedulingConfig{Affinity: &corev1.Affinity{PodAffinity: &corev1.PodAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{}}}}}
		},
		"no term at all": func(s *v1alpha1.PerformerSpec) {
			s.Scheduling = &v1alpha1.SchedulingConfig{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{}}}}
		},
		"an empty volume": func(s *v1alpha1.PerformerSpec) {
			s.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
		},
	} {
		spec := *plain.DeepCopy()
		change(&spec)
		if slices.Contains(Revisions(&spec), Revision(&plain)) {
			t.Errorf("%s counts as nothing", name)
		}
	}
	selectsAll := v1alpha1.PerformerSpec{TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{LabelSelector: &metav1.LabelSelector{}}}}
	selectsNone := v1alpha1.PerformerSpec{TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{}}}
	if Revision(&selectsAll) == Revision(&selectsNone) {
		t.Error("a selector of everything counts as none")
	}
}

// TestEveryFieldChangesAHash erases the fields of a spec one by one and expects another revision, or
// another hash of the resources, for each. A change of a field that is missing in the revision would be
// ignored.
func TestEveryFieldChangesAHash(t *testing.T) {
	shapesNoPod := map[string]bool{"AVSAddress": true, "Disruption": true, "Replicas": true, "UpgradeStrategy": true}
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
