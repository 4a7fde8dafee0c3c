// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/pkg/performer"
	"github.com/Layr-Labs/hourglass-operator/test/harness/controlplane"
)

// runtimeClass creates a RuntimeClass in place of the real one.
func runtimeClass(t *testing.T, name string) {
	t.Helper()
	class := &nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Handler: "runc"}
	if _, err := kube.NodeV1().RuntimeClasses().Create(t.Context(), class, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// requirements returns each node selector term as a sorted list of key=values.
func requirements(pod *corev1.Pod) [][]string {
	affinity := pod.Spec.Affinity
	if affinity == nil || affinity.NodeAffinity == nil || affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	var terms [][]string
	for _, term := range affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		var texts []string
		for _, e := range term.MatchExpressions {
			texts = append(texts, e.Key+"="+strings.Join(e.Values, ","))
		}
		slices.Sort(texts)
		terms = append(terms, texts)
	}
	return terms
}

func TestHardwareOnThePod(t *testing.T) {
	ns := cluster.Namespace(t)
	startOperator(t)
	for _, name := range []string{"kata-qemu-sev", "kata-qemu-snp", "kata-qemu-tdx", "mine"} {
		runtimeClass(t, name)
	}
	const security = "feature.node.kubernetes.io/cpu-security."
	eitherZone := &v1alpha1.SchedulingConfig{
		NodeSelector: map[string]string{"disk": "ssd"},
		Tolerations:  []corev1.Toleration{{Key: "gpu", Operator: corev1.TolerationOpExists}},
		Affinity: &corev1.Affinity{
			NodeAffinity: &corev1.NodeAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{
					{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: corev1.NodeSelectorOpIn, Values: []string{"a"}}}},
					{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: corev1.NodeSelectorOpIn, Values: []string{"b"}}}},
				}},
				PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{Weight: 1, Preference: corev1.NodeSelectorTerm{
					MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "fast", Operator: corev1.NodeSelectorOpExists}}}}},
			},
			PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
				TopologyKey: "kubernetes.io/hostname", LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "hourglass-performer"}},
			}}},
		},
	}
	tests := []struct {
		name       string
		hardware   v1alpha1.HardwareRequirements
		scheduling *v1alpha1.SchedulingConfig
		resources  map[corev1.ResourceName]string
		terms      [][]string
		class      string
	}{
		{"nothing", v1alpha1.HardwareRequirements{}, nil, nil, nil, ""},
		{"count", v1alpha1.HardwareRequirements{GPUCount: 2}, nil, map[corev1.ResourceName]string{"nvidia.com/gpu": "2"}, nil, ""},
		{"type", v1alpha1.HardwareRequirements{GPUCount: 1, GPUType: "NVIDIA-A100-SXM4-80GB"}, nil, map[corev1.ResourceName]string{"nvidia.com/gpu": "1"},
			[][]string{{"nvidia.com/gpu.product=NVIDIA-A100-SXM4-80GB"}}, ""},
		{"mig", v1alpha1.HardwareRequirements{GPUCount: 3, GPUType: "mig-1g.5gb"}, nil, map[corev1.ResourceName]string{"nvidia.com/mig-1g.5gb": "3"}, nil, ""},
		{"labels", v1alpha1.HardwareRequirements{CustomLabels: map[string]string{"b": "2", "a/x": "1"}}, nil, nil, [][]string{{"a/x=1", "b=2"}}, ""},
		{"sgx", v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "sgx"}, nil, map[corev1.ResourceName]string{"sgx.intel.com/enclave": "1"},
			[][]string{{security + "sgx.enabled=true"}}, ""},
		{"sev", v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "sev"}, nil, nil, [][]string{{security + "sev.enabled=true"}}, "kata-qemu-sev"},
		{"snp", v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "SEV-SNP"}, nil, nil, [][]string{{security + "sev.snp.enabled=true"}}, "kata-qemu-snp"},
		{"tdx", v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "tdx"}, nil, nil, [][]string{{security + "tdx.enabled=true"}}, "kata-qemu-tdx"},
		{"own-class", v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "tdx"}, &v1alpha1.SchedulingConfig{RuntimeClass: "mine"}, nil,
			[][]string{{security + "tdx.enabled=true"}}, "mine"},
		{"not-required", v1alpha1.HardwareRequirements{TEEType: "tdx"}, nil, nil, nil, ""},
		{"all", v1alpha1.HardwareRequirements{GPUCount: 1, GPUType: "A100", TEERequired: true, TEEType: "sgx", CustomLabels: map[string]string{"c": "3"}}, eitherZone,
			map[corev1.ResourceName]string{"nvidia.com/gpu": "1", "sgx.intel.com/enclave": "1"},
			[][]string{
				{"c=3", security + "sgx.enabled=true", "nvidia.com/gpu.product=A100", "zone=a"},
				{"c=3", security + "sgx.enabled=true", "nvidia.com/gpu.product=A100", "zone=b"},
			}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ns := ns.As(t)
			ns.Create(tt.name, func(p *v1alpha1.Performer) {
				p.Spec.HardwareRequirements, p.Spec.Scheduling = &tt.hardware, tt.scheduling
				p.Spec.Resources.Limits = list("1", "")
			})
			pod := ns.AwaitPod("performer-" + tt.name + "-0")
			have := pod.Spec.Containers[0].Resources
			if want := len(tt.resources) + 1; len(have.Limits) != want || len(have.Requests) != want {
				t.Errorf("resources %+v", have)
			}
			for name, want := range tt.resources {
				limit, request := have.Limits[name], have.Requests[name]
				if limit.String() != want || request.String() != want {
					t.Errorf("%s: limit %s, request %s", name, &limit, &request)
				}
			}
			for i := range tt.terms {
				slices.Sort(tt.terms[i])
			}
			if terms := requirements(pod); !slices.EqualFunc(terms, tt.terms, slices.Equal[[]string]) {
				t.Errorf("terms %q", terms)
			}
			if class := ptr.Deref(pod.Spec.RuntimeClassName, ""); class != tt.class {
				t.Errorf("runtime class %q", class)
			}
			if tt.scheduling == eitherZone {
				a := pod.Spec.Affinity
				if pod.Spec.NodeSelector["disk"] != "ssd" || len(a.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution) != 1 ||
					len(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) != 1 ||
					!slices.ContainsFunc(pod.Spec.Tolerations, func(t corev1.Toleration) bool { return t.Key == "gpu" }) {
					t.Errorf("what the user set is lost: %+v", pod.Spec)
				}
			}
		})
	}
}

// TestInvalidHardware checks that a condition is set, no pod is created and a pod that runs goes
// on.
func TestInvalidHardware(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	tests := []struct {
		name     string
		hardware v1alpha1.HardwareRequirements
		patch    string
		want     []string
	}{
		{"no-tee-type", v1alpha1.HardwareRequirements{TEERequired: true}, `{"teeRequired":true}`,
			[]string{"spec.hardwareRequirements.teeType", `""`, "sev, sev-snp, sgx, tdx"}},
		{"unknown-tee", v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "trustzone"}, `{"teeRequired":true,"teeType":"trustzone"}`,
			[]string{"spec.hardwareRequirements.teeType", "trustzone", "sev, sev-snp, sgx, tdx"}},
		{"type-without-count", v1alpha1.HardwareRequirements{GPUType: "A100"}, `{"gpuType":"A100"}`,
			[]string{"spec.hardwareRequirements.gpuCount", "at least 1", "gpuType"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ns := ns.As(t)
			check := func(name string) *v1alpha1.Performer {
				p := ns.AwaitPerformer(name, "reason InvalidSpec in condition Stalled", func(p *v1alpha1.Performer) bool {
					return p.Status.ObservedGeneration == p.Generation && controlplane.HasReason(v1alpha1.ConditionStalled, "InvalidSpec")(p)
				})
				for _, part := range tt.want {
					if message := controlplane.Condition(p, v1alpha1.ConditionReady).Message; !strings.Contains(message, part) {
						t.Errorf("the message lacks %q: %s", part, message)
					}
				}
				return p
			}
			ns.Create(tt.name, func(p *v1alpha1.Performer) { p.Spec.HardwareRequirements = &tt.hardware })
			p := check(tt.name)
			if len(ns.Pods(tt.name)) > 0 || p.Status.Phase != v1alpha1.PhaseFailed || kstatus(p) != kstatusFailed {
				t.Errorf("%d pods, status %+v", len(ns.Pods(tt.name)), p.Status)
			}
			// Fixed.
			ns.Patch(tt.name, `{"spec":{"hardwareRequirements":null}}`)
			ns.MakeReady("performer-" + tt.name + "-0")
			ns.AwaitReadyOn(tt.name, "performer-"+tt.name+"-0")

			// The same change of a Performer that runs.
			before := ns.AwaitPod("performer-" + tt.name + "-0")
			ns.Patch(tt.name, `{"spec":{"hardwareRequirements":`+tt.patch+`}}`)
			if p = check(tt.name); !p.Status.Ready {
				t.Errorf("status %+v", p.Status)
			}
			ns.Patch(tt.name, `{"spec":{"hardwareRequirements":null}}`)
			p = ns.AwaitReadyOn(tt.name, before.Name)
			if now := ns.AwaitPod(before.Name); now.UID != before.UID {
				t.Error("it is another pod")
			}
			if p.Status.LastUpgrade != nil {
				t.Error("lastUpgrade is set and there was no upgrade")
			}
			h.checkNoGap(tt.name)
			h.checkStatuses(tt.name)
		})
	}
	op.stop()
	if made := op.requests.of("POST /api/v1/namespaces/" + ns.Name + "/pods"); len(made) != len(tests) {
		t.Errorf("%d pods were created", len(made))
	}
}

// TestUnschedulablePod plays the scheduler.
func TestUnschedulablePod(t *testing.T) {
	ns := cluster.Namespace(t)
	h := recordHistory(ns)
	op := startOperator(t)
	const message = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
	runtimeClass(t, "kata-qemu-tdx")
	for name, tt := range map[string]struct {
		hardware *v1alpha1.HardwareRequirements
		reason   string
	}{
		"plain":  {nil, performer.ReasonSchedulingFailed},
		"gpu":    {&v1alpha1.HardwareRequirements{GPUCount: 1}, performer.ReasonHardwareUnavailable},
		"labels": {&v1alpha1.HardwareRequirements{CustomLabels: map[string]string{"a": "b"}}, performer.ReasonHardwareUnavailable},
		"tee":    {&v1alpha1.HardwareRequirements{TEERequired: true, TEEType: "tdx"}, performer.ReasonHardwareUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			ns := ns.As(t)
			ns.Create(name, func(p *v1alpha1.Performer) { p.Spec.HardwareRequirements = tt.hardware })
			pod := "performer-" + name + "-0"
			before := ns.AwaitPod(pod)
			ns.PatchStatus(pod, `{"status":{"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"`+message+`"}]}}`)
			p := ns.AwaitReason(name, v1alpha1.ConditionDegraded, tt.reason)
			if ready := controlplane.Condition(p, v1alpha1.ConditionReady); !strings.Contains(ready.Message, message) || ready.Reason != tt.reason ||
				p.Status.Phase != v1alpha1.PhasePending || kstatus(p) != kstatusInProgress {
				t.Errorf("status %+v", p.Status)
			}
			// A node is added.
			ns.PatchStatus(pod, `{"status":{"conditions":[{"type":"PodScheduled","status":"True"}]}}`)
			ns.MakeReady(pod)
			ns.AwaitReadyOn(name, pod)
			if now := ns.AwaitPod(pod); now.UID != before.UID {
				t.Error("it is another pod")
			}
			h.checkStatuses(name)
		})
	}
	op.stop()
	if gone := op.requests.of("DELETE"); len(gone) > 0 {
		t.Errorf("deleted: %q", gone)
	}
}
