//go:build e2e

// Copyright 2026 The Hourglass Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/Layr-Labs/hourglass-operator/pkg/apis/hourglass/v1alpha1"
	"github.com/Layr-Labs/hourglass-operator/test/harness/realcluster"
)

const (
	gpuProduct = "nvidia.com/gpu.product"
	cpuFeature = "feature.node.kubernetes.io/cpu-security."
)

// The real scheduler places the pods of Performers on simulated nodes with the hardware.
func TestHardware(t *testing.T) {
	t.Parallel()
	cluster.ShareSimulatedNodes(t)
	makeRuntimeClasses(t, "kata-qemu-sev", "kata-qemu-snp", "kata-qemu-tdx", "e2e-own")
	h100 := cluster.AddNode(t, "h100", "--label", gpuProduct+"=NVIDIA-H100-80GB-HBM3", "--label", "e2e/zone=a", "--capacity", "nvidia.com/gpu=4")
	a100 := cluster.AddNode(t, "a100", "--label", gpuProduct+"=NVIDIA-A100-SXM4-40GB", "--label", "e2e/zone=b", "--label", "e2e/rack=7", "--capacity", "nvidia.com/gpu=4")
	mig := cluster.AddNode(t, "mig", "--label", "e2e/zone=a", "--capacity", "nvidia.com/mig-1g.5gb=7")
	sgx := cluster.AddNode(t, "sgx", "--label", cpuFeature+"sgx.enabled=true", "--capacity", "sgx.intel.com/enclave=2")
	sev := cluster.AddNode(t, "sev", "--label", cpuFeature+"sev.enabled=true", "--label", "e2e/zone=a")
	snpA := cluster.AddNode(t, "snp-a", "--label", cpuFeature+"sev.snp.enabled=true", "--label", "e2e/zone=a")
	snpB := cluster.AddNode(t, "snp-b", "--label", cpuFeature+"sev.snp.enabled=true", "--label", "e2e/zone=b")
	tdx := cluster.AddNode(t, "tdx", "--label", cpuFeature+"tdx.enabled=true", "--label", "e2e/zone=b")

	type hardware = v1alpha1.HardwareRequirements
	// All at once: the nodes have enough hardware for all of them.
	t.Run("available", func(t *testing.T) {
		for _, test := range []struct {
			name     string
			hardware hardware
			// scheduling is set by the user in addition to the hardware.
			scheduling v1alpha1.SchedulingConfig
			nodes      []string
			// has are the resources of the container, runtimeClass the runtime class of the pod.
			has          corev1.ResourceList
			runtimeClass string
		}{
			{
				name:     "GPUs of a type",
				hardware: hardware{GPUType: "NVIDIA-H100-80GB-HBM3", GPUCount: 2},
				nodes:    []string{h100},
				has:      resources("nvidia.com/gpu=2"),
			},
			{
				name:     "GPU of any type",
				hardware: hardware{GPUCount: 1},
				nodes:    []string{h100, a100},
				has:      resources("nvidia.com/gpu=1"),
			},
			{
				name:     "GPU and a custom label",
				hardware: hardware{GPUCount: 1, CustomLabels: map[string]string{"e2e/rack": "7"}},
				nodes:    []string{a100},
				has:      resources("nvidia.com/gpu=1"),
			},
			{
				name:       "GPU and a node selector",
				hardware:   hardware{GPUCount: 1},
				scheduling: v1alpha1.SchedulingConfig{NodeSelector: map[string]string{"e2e/zone": "b"}},
				nodes:      []string{a100},
			},
			{
				name:     "slices of a GPU",
				hardware: hardware{GPUType: "mig-1g.5gb", GPUCount: 3},
				nodes:    []string{mig},
				has:      resources("nvidia.com/mig-1g.5gb=3"),
			},
			{
				name:     "SGX",
				hardware: hardware{TEERequired: true, TEEType: "sgx"},
				nodes:    []string{sgx},
				has:      resources("sgx.intel.com/enclave=1"),
			},
			{
				name:         "SEV",
				hardware:     hardware{TEERequired: true, TEEType: "sev"},
				nodes:        []string{sev},
				runtimeClass: "kata-qemu-sev",
			},
			{
				name:         "SEV-SNP in upper case",
				hardware:     hardware{TEERequired: true, TEEType: "SEV-SNP"},
				nodes:        []string{snpA, snpB},
				runtimeClass: "kata-qemu-snp",
			},
			{
				// The requirement is part of each of the user's alternatives. Otherwise the first
				// one would match without it.
				name:         "SEV-SNP and alternative node affinities",
				hardware:     hardware{TEERequired: true, TEEType: "sev-snp"},
				scheduling:   v1alpha1.SchedulingConfig{Affinity: inZone("none", "b")},
				nodes:        []string{snpB},
				runtimeClass: "kata-qemu-snp",
			},
			{
				name:         "TDX and a runtime class",
				hardware:     hardware{TEERequired: true, TEEType: "tdx"},
				scheduling:   v1alpha1.SchedulingConfig{RuntimeClass: "e2e-own"},
				nodes:        []string{tdx},
				runtimeClass: "e2e-own",
			},
		} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				ns := cluster.Namespace(t)
				performer := ns.CreateReady(t, needing(ns, "a", test.hardware, test.scheduling))
				pod := podOf(t, ns, performer)
				if !slices.Contains(test.nodes, pod.Spec.NodeName) {
					t.Errorf("the pod is on node %s, want one of %v", pod.Spec.NodeName, test.nodes)
				}
				for name, want := range test.has {
					limit, request := pod.Spec.Containers[0].Resources.Limits[name], pod.Spec.Containers[0].Resources.Requests[name]
					if limit.Cmp(want) != 0 || request.Cmp(want) != 0 {
						t.Errorf("the container has a limit of %s and a request of %s for %s, want %s", &limit, &request, name, &want)
					}
				}
				if class := pod.Spec.RuntimeClassName; test.runtimeClass != "" && (class == nil || *class != test.runtimeClass) {
					t.Errorf("the pod's runtime class is %v, want %s", class, test.runtimeClass)
				}
			})
		}
	})

	// After the first group, since a later node could take its GPU of any type.
	t.Run("unavailable", func(t *testing.T) {
		for _, test := range []struct {
			name       string
			hardware   hardware
			scheduling v1alpha1.SchedulingConfig
			// message is a part of the scheduler's message.
			message string
		}{
			{"more GPUs than any node has", hardware{GPUCount: 5}, v1alpha1.SchedulingConfig{}, "Insufficient nvidia.com/gpu"},
			{"GPU type that no node has", hardware{GPUCount: 1, GPUType: "NVIDIA-B200"}, v1alpha1.SchedulingConfig{}, "node affinity"},
			{"custom label that no node has", hardware{CustomLabels: map[string]string{"e2e/rack": "8"}}, v1alpha1.SchedulingConfig{}, "node affinity"},
			{
				"GPU type on no node of the node selector", hardware{GPUCount: 1, GPUType: "NVIDIA-H100-80GB-HBM3"},
				v1alpha1.SchedulingConfig{NodeSelector: map[string]string{"e2e/zone": "b"}}, "node affinity",
			},
			{
				"TEE on no node of the affinity", hardware{TEERequired: true, TEEType: "tdx"},
				v1alpha1.SchedulingConfig{Affinity: inZone("a", "none")}, "node affinity",
			},
		} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				ns := cluster.Namespace(t)
				ns.Create(t, needing(ns, "a", test.hardware, test.scheduling))
				ns.WaitFor(t, "a", "to report the missing hardware", realcluster.Has(v1alpha1.ConditionDegraded, metav1.ConditionTrue, "HardwareUnavailable", test.message))
			})
		}

		t.Run("hardware that is added later", func(t *testing.T) {
			t.Parallel()
			ns := cluster.Namespace(t)
			ns.Create(t, needing(ns, "a", hardware{GPUCount: 1, GPUType: "NVIDIA-GB300"}, v1alpha1.SchedulingConfig{}))
			ns.WaitFor(t, "a", "to report the missing hardware", realcluster.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, "HardwareUnavailable", "node affinity"))
			gb300 := cluster.AddNode(t, "gb300", "--label", gpuProduct+"=NVIDIA-GB300", "--capacity", "nvidia.com/gpu=1")
			performer := ns.WaitReady(t, "a")
			if on := podOf(t, ns, performer).Spec.NodeName; on != gb300 {
				t.Errorf("the pod is on node %s, want %s", on, gb300)
			}

			// An upgrade needs the hardware twice. Without it, the first pod keeps serving.
			ns.Patch(t, "a", `{"spec":{"version":"2"}}`)
			waiting := ns.WaitFor(t, "a", "to report the missing hardware", realcluster.Has(v1alpha1.ConditionDegraded, metav1.ConditionTrue, "HardwareUnavailable", "Insufficient nvidia.com/gpu"))
			if !waiting.Status.Ready || waiting.Status.PodName != "performer-a-0" {
				t.Errorf("the first pod serves, but the status is %+v", waiting.Status)
			}
			cluster.AddNode(t, "gb300", "--label", gpuProduct+"=NVIDIA-GB300", "--capacity", "nvidia.com/gpu=1")
			ns.WaitFor(t, "a", "to be ready on its second pod", realcluster.ReadyOn(1))
			// While the nodes exist, since a pod on a removed node takes a minute to go.
			if _, err := cluster.Kubectl(t.Context(), "delete", "performer", "a", "-n", ns.Name, "--timeout=60s"); err != nil {
				t.Error(err)
			}
		})

		for name, teeType := range map[string]string{"TEE without a type": "", "TEE of an unknown type": "enigma"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				ns := cluster.Namespace(t)
				ns.Create(t, needing(ns, "a", hardware{TEERequired: true, TEEType: teeType}, v1alpha1.SchedulingConfig{}))
				const accepted = "sev, sev-snp, sgx, tdx"
				ns.WaitFor(t, "a", "to be stalled", realcluster.Has(v1alpha1.ConditionStalled, metav1.ConditionTrue, "InvalidSpec", accepted))
				ns.WaitFor(t, "a", "not to be ready", realcluster.Has(v1alpha1.ConditionReady, metav1.ConditionFalse, "InvalidSpec", fmt.Sprintf("%q", teeType)))
				if pods, err := ns.Pods(t.Context(), "a"); err != nil || len(pods) != 0 {
					t.Errorf("there are %d pods, want none: %v", len(pods), err)
				}
				ns.Patch(t, "a", `{"spec":{"hardwareRequirements":{"teeType":"tdx"}}}`)
				if on := podOf(t, ns, ns.WaitReady(t, "a")).Spec.NodeName; on != tdx {
					t.Errorf("the pod is on node %s, want %s", on, tdx)
				}
			})
		}
	})
}

// needing returns a Performer that needs hardware and tolerates simulated nodes.
func needing(ns *realcluster.Namespace, name string, hardware v1alpha1.HardwareRequirements, scheduling v1alpha1.SchedulingConfig) *v1alpha1.Performer {
	performer := ns.Performer(name)
	performer.Spec.HardwareRequirements = &hardware
	scheduling.Tolerations = append(scheduling.Tolerations, realcluster.SimulatedToleration())
	performer.Spec.Scheduling = &scheduling
	return performer
}

// inZone returns an affinity to nodes in any of the zones, with a term for each zone.
func inZone(zones ...string) *corev1.Affinity {
	var terms []corev1.NodeSelectorTerm
	for _, zone := range zones {
		terms = append(terms, corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{
			Key: "e2e/zone", Operator: corev1.NodeSelectorOpIn, Values: []string{zone},
		}}})
	}
	return &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms},
	}}
}

// resources parses amounts such as cpu=1.
func resources(amounts ...string) corev1.ResourceList {
	list := corev1.ResourceList{}
	for _, amount := range amounts {
		name, quantity, _ := strings.Cut(amount, "=")
		list[corev1.ResourceName(name)] = resource.MustParse(quantity)
	}
	return list
}

// makeRuntimeClasses creates runtime classes under the real names, and deletes them at the end of
// the test.
func makeRuntimeClasses(t *testing.T, names ...string) {
	t.Helper()
	classes := cluster.Kube.NodeV1().RuntimeClasses()
	for _, name := range names {
		class := &nodev1.RuntimeClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Handler: "runc"}
		if _, err := classes.Create(t.Context(), class, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := classes.Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
				t.Error(err)
			}
		})
	}
}
