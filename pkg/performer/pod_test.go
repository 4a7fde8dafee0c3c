// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package performer

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
)

func TestPodCarriesEveryField(t *testing.T) {
	p := newPerformer(func(p *v1alpha1.Performer) {
		p.Spec = everyField()
		p.Spec.Resources.Limits = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}
	})
	hw, problem := resolveHardware(p.Spec.HardwareRequirements, DefaultTEEs())
	if problem != nil {
		t.Fatal(problem)
	}
	pod := buildPod(p, 3, hw)
	c := pod.Spec.Containers[0]
	checks := map[string][2]any{
		"name":                       {pod.Name, "performer-x-3"},
		"app label":                  {pod.Labels["app"], "hourglass-performer"},
		"performer label":            {pod.Labels["hourglass.eigenlayer.io/performer"], "x"},
		"avs label":                  {pod.Labels["hourglass.eigenlayer.io/avs"], "0x1"},
		"revision label":             {pod.Labels["hourglass.eigenlayer.io/revision"], Revision(&p.Spec)},
		"revision annotation":        {pod.Annotations["hourglass.eigenlayer.io/revision"], Revision(&p.Spec)},
		"resources annotation":       {pod.Annotations["hourglass.eigenlayer.io/resources"], ResourcesHash(&p.Spec)},
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

func TestTokenIsMountedOnlyForANamedAccount(t *testing.T) {
	if pod := buildPod(newPerformer(), 0, hardware{}); *pod.Spec.AutomountServiceAccountToken {
		t.Error("a pod with the default account has its token")
	}
}

func TestHardwareIsAddedToEveryAlternativeOfTheUser(t *testing.T) {
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
	pod := buildPod(p, 0, hardware{nodeLabels: []corev1.NodeSelectorRequirement{nodeLabel("l", "1")}})
	if got, want := terms(pod.Spec.Affinity), "zone=a,l=1 or zone=b,l=1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !equality.Semantic.DeepEqual(p, before) {
		t.Error("building the pod changed the Performer, which belongs to the cache")
	}
}

func TestResolveHardware(t *testing.T) {
	tests := []struct {
		name    string
		asked   *v1alpha1.HardwareRequirements
		problem string
		pods    string // resources and labels of the pod
	}{
		{"none", nil, "", ""},
		{"nothing asked", &v1alpha1.HardwareRequirements{}, "", ""},
		{"any GPU", &v1alpha1.HardwareRequirements{GPUCount: 2}, "", "nvidia.com/gpu=2"},
		{"a model", &v1alpha1.HardwareRequirements{GPUCount: 1, GPUType: "A100"}, "", "nvidia.com/gpu=1 nvidia.com/gpu.product"},
		{"a slice", &v1alpha1.HardwareRequirements{GPUCount: 1, GPUType: "MIG-1g.5gb"}, "", "nvidia.com/mig-1g.5gb=1"},
		{"a model and no count", &v1alpha1.HardwareRequirements{GPUType: "A100"}, "gpuCount must be at least 1", ""},
		{"a negative count", &v1alpha1.HardwareRequirements{GPUCount: -1}, "gpuCount must not be negative", ""},
		{"tee", &v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "SGX"}, "", "sgx.intel.com/enclave=1 feature.node.kubernetes.io/cpu-security.sgx.enabled"},
		{"tee of no type", &v1alpha1.HardwareRequirements{TEERequired: true}, `teeType is ""`, ""},
		{"tee unknown", &v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "abc"}, "must be one of sev, sev-snp, sgx, tdx", ""},
		{"tee named and not required", &v1alpha1.HardwareRequirements{TEEType: "abc"}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hw, problem := resolveHardware(tt.asked, DefaultTEEs())
			if tt.problem != "" {
				if problem == nil || !strings.Contains(problem.String(), tt.problem) {
					t.Fatalf("got %v, want a mistake with %q", problem, tt.problem)
				}
				return
			}
			if problem != nil {
				t.Fatal(problem)
			}
			var got []string
			for name, quantity := range hw.resources {
				got = append(got, string(name)+"="+quantity.String())
			}
			for _, label := range hw.nodeLabels {
				got = append(got, label.Key)
			}
			if text := strings.Join(got, " "); strings.TrimSpace(text) != strings.TrimSpace(tt.pods) {
				t.Errorf("got %q, want %q", text, tt.pods)
			}
		})
	}
}

func TestServiceChange(t *testing.T) {
	p := newPerformer()
	tests := []struct {
		name                    string
		edit                    func(*corev1.Service)
		labels, selector, ports bool
	}{
		{"as made", func(*corev1.Service) {}, false, false, false},
		{"additions of a user", func(s *corev1.Service) {
			s.Labels["team"] = "a"
			s.Annotations = map[string]string{"note": "b"}
		}, false, false, false},
		{"a label lost", func(s *corev1.Service) { delete(s.Labels, LabelApp) }, true, false, false},
		{"no serving in the selector", func(s *corev1.Service) { delete(s.Spec.Selector, LabelServing) }, false, true, false},
		{"more in the selector", func(s *corev1.Service) { s.Spec.Selector["a"] = "b" }, false, true, false},
		{"another port", func(s *corev1.Service) { s.Spec.Ports[0].Port = 1 }, false, false, true},
		{"another target", func(s *corev1.Service) { s.Spec.Ports[0].TargetPort.StrVal = "x" }, false, false, true},
		{"a second port", func(s *corev1.Service) { s.Spec.Ports = append(s.Spec.Ports, s.Spec.Ports[0]) }, false, false, true},
		{"a node port and another port", func(s *corev1.Service) { s.Spec.Ports[0].Port, s.Spec.Ports[0].NodePort = 1, 30000 }, false, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			live := buildService(p, servicePorts(p, nil))
			tt.edit(live)
			change := serviceChange(p, live, servicePorts(p, nil))
			if (change.Labels != nil) != tt.labels || (change.Selector != nil) != tt.selector || (change.Ports != nil) != tt.ports {
				t.Errorf("got %+v", change)
			}
			if change.Ports != nil && change.Ports[0].NodePort != live.Spec.Ports[0].NodePort {
				t.Error("the node port was lost")
			}
		})
	}
}

// TestPortsThroughAnUpgrade follows the ports of the Service from one to the other: a number that is
// in use never changes its name, and what the status gives clients to dial is always there.
func TestPortsThroughAnUpgrade(t *testing.T) {
	old := newPerformer(func(p *v1alpha1.Performer) { p.Spec.Image, p.Spec.Config.GRPCPort = "repo:0", 8080 })
	asked := newPerformer()
	// As earlier operators made them.
	unnamed := func(pod *corev1.Pod) { pod.Spec.Containers[0].Ports[0].Name = "" }
	for _, tt := range []struct {
		name       string
		pods       []*corev1.Pod
		want, dial string
	}{
		{"the old one serves", []*corev1.Pod{testPod(old, 0, ready(0))}, "grpc=8080 grpc-next=9090", "8080"},
		{"the new one starts", []*corev1.Pod{testPod(old, 0, ready(0)), testPod(asked, 1, waitingForTraffic)}, "grpc=8080 grpc-next=9090", "8080"},
		{"both serve", []*corev1.Pod{testPod(old, 0, ready(0)), testPod(asked, 1, ready(0))}, "grpc=8080 grpc-next=9090", "9090"},
		{"the old one drains", []*corev1.Pod{testPod(old, 0, ready(0), draining(0)), testPod(asked, 1, ready(0))}, "grpc=8080 grpc-next=9090", "9090"},
		{"it goes", []*corev1.Pod{testPod(old, 0, ready(0), dying), testPod(asked, 1, ready(0))}, "grpc=9090", "9090"},

		{"the old one has no name for the port", []*corev1.Pod{testPod(asked, 0, ready(0), unnamed)}, "grpc=9090 to 9090", "9090"},
		{"the new one is ready beside it", []*corev1.Pod{testPod(asked, 0, ready(0), unnamed), testPod(asked, 1, ready(0), waitingForTraffic)}, "grpc=9090 to 9090", "9090"},
		{"it drains", []*corev1.Pod{testPod(asked, 0, ready(0), unnamed, draining(0)), testPod(asked, 1, ready(0))}, "grpc=9090 to 9090", "9090"},
		{"and goes", []*corev1.Pod{testPod(asked, 0, ready(0), unnamed, dying), testPod(asked, 1, ready(0))}, "grpc=9090", "9090"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := observed(asked, tt.pods...)
			o.Service = buildService(asked, servicePorts(asked, viewPods(o, testSettings)))
			var got []string
			for _, port := range o.Service.Spec.Ports {
				text := fmt.Sprintf("%s=%d", port.Name, port.Port)
				if port.TargetPort != intstr.FromString(portName) {
					text += " to " + port.TargetPort.String()
				}
				got = append(got, text)
			}
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("ports %s, want %s", text, tt.want)
			}
			if status := NextStatus(o, testSettings, nil); !strings.HasSuffix(status.GRPCEndpoint, ":"+tt.dial) {
				t.Errorf("endpoint %s, want port %s", status.GRPCEndpoint, tt.dial)
			}
		})
	}
}
