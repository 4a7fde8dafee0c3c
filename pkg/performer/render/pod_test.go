// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

func TestPodHasEveryField(t *testing.T) {
	p := newPerformer(func(p *v1alpha1.Performer) {
		p.Spec = everyField()
		p.Spec.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}
	})
	hw, mistake := ResolveHardware(p.Spec.HardwareRequirements, DefaultTEEs())
	if mistake != nil {
		t.Fatal(mistake)
	}
	pod := Pod(p, 3, hw)
	c := pod.Spec.Containers[0]
	checks := map[string][2]any{
		"name":                       {pod.Name, "performer-x-3"},
		"app label":                  {pod.Labels["app"], "hourglass-performer"},
		"performer label":            {pod.Labels["hourglass.eigenlayer.io/performer"], "x"},
		"avs label":                  {pod.Labels["hourglass.eigenlayer.io/avs"], "0x1"},
		"revision label":             {pod.Labels["hourglass.eigenlayer.io/revision"], Revision(&p.Spec)},
		"revision annotation":        {pod.Annotations["hourglass.eigenlayer.io/revision"], Revision(&p.Spec)},
		"resources annotation":       {pod.Annotations["hourglass.eigenlayer.io/resources"], ResourcesHash(&p.Spec)},
		"requested resources":        {pod.Annotations["hourglass.eigenlayer.io/requested-resources"], `{"limits":{"cpu":"2","nvidia.com/gpu":"2"},"requests":{"nvidia.com/gpu":"2"}}`},
		"owner":                      {pod.OwnerReferences[0].UID, p.UID},
		"image":                      {c.Image, "repo@sha256:0"},
		"imagePullPolicy":            {c.ImagePullPolicy, corev1.PullAlways},
		"grpcPort":                   {c.Ports[0].ContainerPort, int32(1234)},
		"port name":                  {c.Ports[0].Name, "grpc"},
		"readiness port":             {c.ReadinessProbe.GRPC.Port, int32(1234)},
		"startup port":               {c.StartupProbe.GRPC.Port, int32(1234)},
		"liveness port":              {c.LivenessProbe.GRPC.Port, int32(1234)},
		"args":                       {c.Args, p.Spec.Config.Args},
		"command":                    {c.Command, p.Spec.Config.Command},
		"environment":                {[]string{c.Env[0].Name + c.Env[0].Value, c.Env[1].Name + c.Env[1].Value}, []string{"A1", "B2"}},
		"environmentFrom":            {c.Env[2].ValueFrom.SecretKeyRef, p.Spec.Config.EnvironmentFrom[0].ValueFrom.SecretKeyRef},
		"serviceAccountName":         {pod.Spec.ServiceAccountName, "sa"},
		"token of a named account":   {*pod.Spec.AutomountServiceAccountToken, true},
		"nodeSelector":               {pod.Spec.NodeSelector, p.Spec.Scheduling.NodeSelector},
		"tolerations":                {pod.Spec.Tolerations, p.Spec.Scheduling.Tolerations},
		"runtimeClass":               {*pod.Spec.RuntimeClassName, "rc"},
		"priorityClassName":          {pod.Spec.PriorityClassName, "pc"},
		"imagePullSecrets":           {pod.Spec.ImagePullSecrets, p.Spec.ImagePullSecrets},
		"cpu limit":                  {c.Resources.Limits.Cpu().String(), "2"},
		"gpu limit":                  {c.Resources.Limits.Name(gpuResource, resource.DecimalSI).String(), "2"},
		"gpu request":                {c.Resources.Requests.Name(gpuResource, resource.DecimalSI).String(), "2"},
		"seccomp":                    {pod.Spec.SecurityContext.SeccompProfile.Type, corev1.SeccompProfileTypeRuntimeDefault},
		"privilege escalation":       {*c.SecurityContext.AllowPrivilegeEscalation, false},
		"service links":              {*pod.Spec.EnableServiceLinks, false},
		"hardware as required terms": {terms(pod.Spec.Affinity), "nvidia.com/gpu.product=H100,feature.node.kubernetes.io/cpu-security.tdx.enabled=true,l=1"},
	}
	for name, check := range checks {
		if !equality.Semantic.DeepEqual(check[0], check[1]) {
			t.Errorf("%s: got %v, want %v", name, check[0], check[1])
		}
	}
}

func terms(affinity *corev1.Affinity) string {
	var alternatives []string
	for _, term := range affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		var all []string
		for _, r := range term.MatchExpressions {
			all = append(all, r.Key+"="+strings.Join(r.Values, "|"))
		}
		alternatives = append(alternatives, strings.Join(all, ","))
	}
	return strings.Join(alternatives, " or ")
}

func TestTokenIsMountedOnlyForNamedServiceAccount(t *testing.T) {
	if pod := Pod(newPerformer(), 0, Hardware{}); *pod.Spec.AutomountServiceAccountToken {
		t.Error("the token of the default service account is mounted")
	}
}

func TestHardwareIsAddedToEveryNodeSelectorTerm(t *testing.T) {
	p := newPerformer(func(p *v1alpha1.Performer) {
		alternative := func(zone string) corev1.NodeSelectorTerm {
			return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{nodeLabel("zone", zone)}}
		}
		p.Spec.Scheduling = &v1alpha1.SchedulingConfig{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{alternative("a"), alternative("b")},
			},
		}}}
	})
	before := p.DeepCopy()
	pod := Pod(p, 0, Hardware{nodeLabels: []corev1.NodeSelectorRequirement{nodeLabel("l", "1")}})
	if got, want := terms(pod.Spec.Affinity), "zone=a,l=1 or zone=b,l=1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !equality.Semantic.DeepEqual(p, before) {
		t.Error("rendering the pod changed the Performer, which belongs to the cache")
	}
}

func TestResolveHardware(t *testing.T) {
	tests := []struct {
		name         string
		requirements *v1alpha1.HardwareRequirements
		mistake      string
		want         string // resources and node labels
	}{
		{"none", nil, "", ""},
		{"no requirement", &v1alpha1.HardwareRequirements{}, "", ""},
		{"any GPU", &v1alpha1.HardwareRequirements{GPUCount: 2}, "", "nvidia.com/gpu=2"},
		{"a model", &v1alpha1.HardwareRequirements{GPUCount: 1, GPUType: "A100"}, "", "nvidia.com/gpu=1 nvidia.com/gpu.product"},
		{"a slice", &v1alpha1.HardwareRequirements{GPUCount: 1, GPUType: "MIG-1g.5gb"}, "", "nvidia.com/mig-1g.5gb=1"},
		{"a model without a count", &v1alpha1.HardwareRequirements{GPUType: "A100"}, "spec.hardwareRequirements.gpuCount: invalid count 0: expected at least 1, since gpuType is set", ""},
		{"a negative count", &v1alpha1.HardwareRequirements{GPUCount: -1}, "spec.hardwareRequirements.gpuCount: invalid count -1: expected 0 or more", ""},
		{"TEE", &v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "SGX"}, "", "sgx.intel.com/enclave=1 feature.node.kubernetes.io/cpu-security.sgx.enabled"},
		{"TEE without a type", &v1alpha1.HardwareRequirements{TEERequired: true}, `spec.hardwareRequirements.teeType: unknown type "": expected one of sev, sev-snp, sgx, tdx, since teeRequired is true`, ""},
		{"TEE of an unknown type", &v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "abc"}, `spec.hardwareRequirements.teeType: unknown type "abc": expected one of sev, sev-snp, sgx, tdx, since teeRequired is true`, ""},
		{"TEE type without teeRequired", &v1alpha1.HardwareRequirements{TEEType: "abc"}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hw, mistake := ResolveHardware(tt.requirements, DefaultTEEs())
			if tt.mistake != "" {
				if mistake == nil || mistake.String() != tt.mistake {
					t.Fatalf("got %v, want %q", mistake, tt.mistake)
				}
				return
			}
			if mistake != nil {
				t.Fatal(mistake)
			}
			var got []string
			for name, quantity := range hw.resources {
				got = append(got, string(name)+"="+quantity.String())
			}
			for _, label := range hw.nodeLabels {
				got = append(got, label.Key)
			}
			if text := strings.Join(got, " "); strings.TrimSpace(text) != strings.TrimSpace(tt.want) {
				t.Errorf("got %q, want %q", text, tt.want)
			}
		})
	}
}

func TestSecurityDefaults(t *testing.T) {
	for name, tt := range map[string]struct {
		specified *corev1.SecurityContext
		want      *bool
	}{
		"none":               {nil, ptr.To(false)},
		"another field":      {&corev1.SecurityContext{RunAsNonRoot: ptr.To(true)}, ptr.To(false)},
		"allowed":            {&corev1.SecurityContext{AllowPrivilegeEscalation: ptr.To(true)}, ptr.To(true)},
		"privileged":         {&corev1.SecurityContext{Privileged: ptr.To(true)}, nil},
		"with CAP_SYS_ADMIN": {&corev1.SecurityContext{Capabilities: &corev1.Capabilities{Add: []corev1.Capability{"SYS_ADMIN"}}}, nil},
	} {
		if got := securityContext(tt.specified).AllowPrivilegeEscalation; !ptr.Equal(got, tt.want) {
			t.Errorf("%s: allowPrivilegeEscalation is %v", name, got)
		}
	}
	own := &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeUnconfined}
	if got := podSecurityContext(&corev1.PodSecurityContext{SeccompProfile: own}); got.SeccompProfile.Type != own.Type {
		t.Errorf("the user's seccomp profile became %s", got.SeccompProfile.Type)
	}
}

// TestStop has the grace period and the sleep before it, which is added to it.
func TestStop(t *testing.T) {
	strategy := func(strategy v1alpha1.UpgradeStrategyType, drainSeconds *int32) *v1alpha1.UpgradeStrategy {
		return &v1alpha1.UpgradeStrategy{Type: strategy, DrainSeconds: drainSeconds}
	}
	for name, tt := range map[string]struct {
		strategy    *v1alpha1.UpgradeStrategy
		grace       *int64
		sleep, want int64 // want 0: the server's default
	}{
		"Recreate without grace period":    {strategy(v1alpha1.RecreateUpgrade, nil), ptr.To[int64](0), 0, 1},
		"Recreate":                         {strategy(v1alpha1.RecreateUpgrade, ptr.To[int32](10)), ptr.To[int64](7), 0, 7},
		"Recreate with the default":        {strategy(v1alpha1.RecreateUpgrade, nil), nil, 0, 0},
		"BlueGreen":                        {nil, nil, 10, 40},
		"BlueGreen with both":              {strategy(v1alpha1.BlueGreenUpgrade, ptr.To[int32](25)), ptr.To[int64](7), 25, 32},
		"BlueGreen without grace period":   {strategy("", nil), ptr.To[int64](0), 10, 10},
		"BlueGreen, drainSeconds is 0":     {strategy(v1alpha1.BlueGreenUpgrade, ptr.To[int32](0)), ptr.To[int64](7), 0, 7},
		"BlueGreen, the longest":           {strategy(v1alpha1.BlueGreenUpgrade, ptr.To[int32](86400)), ptr.To[int64](86400), 86400, 172800},
		"BlueGreen, all of it the default": {strategy(v1alpha1.BlueGreenUpgrade, ptr.To[int32](0)), nil, 0, 0},
	} {
		p := &v1alpha1.Performer{}
		p.Spec.TerminationGracePeriodSeconds, p.Spec.UpgradeStrategy = tt.grace, tt.strategy
		pod := Pod(p, 0, Hardware{})
		if got := ptr.Deref(pod.Spec.TerminationGracePeriodSeconds, 0); got != tt.want {
			t.Errorf("%s: the grace period is %d, want %d", name, got, tt.want)
		}
		var sleep int64
		if lifecycle := pod.Spec.Containers[0].Lifecycle; lifecycle != nil {
			sleep = lifecycle.PreStop.Sleep.Seconds
		}
		if sleep != tt.sleep {
			t.Errorf("%s: it sleeps %d seconds, want %d", name, sleep, tt.sleep)
		}
	}
}

// TestOnlyBridgedPodsSleep checks the types of disruption. The user's grace period is in force without a sleep.
func TestOnlyBridgedPodsSleep(t *testing.T) {
	for disruption, sleeps := range map[v1alpha1.DisruptionType]bool{
		"": true, v1alpha1.BridgeDisruption: true, v1alpha1.SurgeDisruption: true, v1alpha1.NoneDisruption: false,
	} {
		p := &v1alpha1.Performer{}
		p.Spec.Disruption, p.Spec.TerminationGracePeriodSeconds = &v1alpha1.Disruption{Type: disruption}, ptr.To[int64](7)
		pod := Pod(p, 0, Hardware{})
		if (pod.Spec.Containers[0].Lifecycle != nil) != sleeps || (*pod.Spec.TerminationGracePeriodSeconds > 7) != sleeps {
			t.Errorf("type %q: sleeps %v, grace period %d", disruption, pod.Spec.Containers[0].Lifecycle != nil, *pod.Spec.TerminationGracePeriodSeconds)
		}
	}
}
